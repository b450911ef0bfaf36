package lesson

import "sync"

// Case holds the lessons that can be played now, and tells whoever plays them when they have become others.
// Its methods may be called from any goroutine; a nil one is empty for ever.
type Case struct {
	mu      sync.Mutex
	load    func() *Shelf // nil: it has been called
	shelf   *Shelf
	next    int
	watches map[int]func()
}

// NewCase holds what load returns, which is called when somebody asks for the first time.
func NewCase(load func() *Shelf) *Case { return &Case{load: load, watches: map[int]func(){}} }

// Shelf returns the lessons of now; nil where there are none.
func (c *Case) Shelf() *Shelf {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.load != nil {
		c.shelf, c.load = c.load(), nil
	}
	return c.shelf
}

// Put replaces the lessons, and tells all who watch.
func (c *Case) Put(s *Shelf) {
	c.mu.Lock()
	c.shelf, c.load = s, nil
	told := make([]func(), 0, len(c.watches))
	for _, w := range c.watches {
		told = append(told, w)
	}
	c.mu.Unlock()
	for _, w := range told {
		w()
	}
}

// Watch calls changed, which must return at once, whenever the lessons become others, until stop.
func (c *Case) Watch(changed func()) (stop func()) {
	if c == nil {
		return func() {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.next
	c.next++
	c.watches[n] = changed
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watches, n)
	}
}
