package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
)

// defaultShare is how much of the machine's memory serve may hold where nothing is said:
// what is not counted (frames, what waits to be collected, mapped files) needs some too.
const defaultShare = 2

// unknownMachine is taken where the machine does not tell what it has.
const unknownMachine = 4 << 30

// minMemory is what a server needs to show anything, and the most is where counting ends.
const minMemory, maxMemory = 16 << 20, 1 << 50

// memoryLimit returns what --memory asks for: half of what the machine has where it is not given.
func memoryLimit(flag string, given bool) (int64, error) {
	if !given {
		return machineMemory(os.ReadFile) / defaultShare, nil
	}
	limit, err := kv.ParseBytes(flag)
	var p *sim.Problem
	if errors.As(err, &p) && p.ID == "cache.bytes" || flag == "" {
		return 0, sim.NewProblem("cache.bytes", "Have", fmt.Sprintf("%.40s", flag))
	}
	if err != nil || limit < minMemory {
		return 0, sim.NewProblem("recipe.whole", "Field", "--memory", "Have", fmt.Sprintf("%.40s", flag), "Least", minMemory, "Most", maxMemory)
	}
	return limit, nil
}

// machineMemory returns what the machine has, or the group of processes that this one is in.
func machineMemory(read func(string) ([]byte, error)) int64 {
	least := int64(math.MaxInt64)
	for _, place := range []struct{ file, before, after string }{
		{"/proc/meminfo", "MemTotal:", " kB"},
		{"/sys/fs/cgroup/memory.max", "", ""},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "", ""},
	} {
		text, err := read(place.file)
		if err != nil {
			continue
		}
		line, _, _ := strings.Cut(string(text), "\n")
		number := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(line, place.before), place.after))
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil { // "max": no limit
			continue
		}
		if place.after != "" {
			n <<= 10
		}
		least = min(least, n)
	}
	if least == math.MaxInt64 {
		return unknownMachine
	}
	return least
}

// count lets a server's models and runs be counted, within limit.
func count(models *library.Library, limit int64) *sim.Memory {
	memory := sim.NewMemory(nil, "memory.total", limit)
	models.Count(memory)
	if os.Getenv("GOMEMLIMIT") == "" { // what waits to be collected keeps to it too, as far as it can
		debug.SetMemoryLimit(limit)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbageShare)
	}
	return memory
}

// garbageShare is how much may wait to be collected, in percent of what is held: half of what Go
// lets wait. Most of what rooms hold has no pointers in it and costs the collector nothing.
const garbageShare = 50

const (
	sweepEvery = 10 * time.Second // a model that nobody uses is closed after one or two of these
	muchGiven  = 32 << 20         // bytes given back, after which the system should have them too
)

// closeUnused closes models that nobody uses, and gives the system the memory that the server no
// longer needs: when much was given back, or all that viewers had. It goes on until ctx ends.
func closeUnused(ctx context.Context, models *library.Library, memory *sim.Memory) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	h := keeper{models: models, memory: memory, free: debug.FreeOSMemory}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.sweep()
		}
	}
}

type keeper struct {
	models *library.Library
	memory *sim.Memory
	free   func()
	last   int64 // Memory.Given when memory was last given to the system
	held   int64 // Memory.Held at the last sweep
}

func (k *keeper) sweep() {
	closed, given, held := k.models.Sweep(), k.memory.Given(), k.memory.Held()
	quiet := given != k.last && held == k.held // nothing goes on
	if k.held = held; closed > 0 || quiet || given-k.last >= muchGiven {
		k.last = given
		k.free()
	}
}
