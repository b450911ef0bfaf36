package kv

import "slices"

// heard is an observer that writes down what it is told.
type heard struct {
	evicted   []evictedEvent
	quantised []quantisedEvent
	taken     []int
	copies    int
	freed     []int
}

type evictedEvent struct {
	layer, head, position, query int
	score                        float32
}

type quantisedEvent struct {
	layer, position int
	k, v            []float32
}

var _ Observer = (*heard)(nil)

func (h *heard) Evicted(layer, head, position, query int, score float32) {
	h.evicted = append(h.evicted, evictedEvent{layer, head, position, query, score})
}

func (h *heard) Quantised(layer, position int, k, v []float32) {
	h.quantised = append(h.quantised, quantisedEvent{layer, position, slices.Clone(k), slices.Clone(v)})
}

func (h *heard) BlockTaken(block int, copied bool) {
	h.taken = append(h.taken, block)
	if copied {
		h.copies++
	}
}

func (h *heard) BlockFreed(block int) { h.freed = append(h.freed, block) }
