package live

import "time"

// dropBytes of a message count as one more: a long one takes so much longer to read.
const dropBytes = 1024

// bucket holds what a connection may still send at once. Who has emptied it is read
// more slowly: nothing is lost, the messages wait where they are.
type bucket struct {
	rate  float64 // drops a second, and at most at once; 0: no limit
	drops float64
	since time.Time
	clock func() time.Time
	sleep func(time.Duration)
}

// newBucket lets a connection send so many messages at once, and then as many a second.
// A page sends one for each key, and at most one for each refresh of a screen.
func newBucket(messages int) bucket {
	return bucket{rate: float64(messages), drops: float64(messages), clock: time.Now, sleep: time.Sleep}
}

// take takes what a message of some bytes costs, and waits until that is there.
func (b *bucket) take(bytes int) {
	if b.rate == 0 {
		return
	}
	now := b.clock()
	if !b.since.IsZero() {
		b.drops = min(b.drops+now.Sub(b.since).Seconds()*b.rate, b.rate)
	}
	b.since = now
	if b.drops -= float64(1 + bytes/dropBytes); b.drops < 0 {
		b.sleep(time.Duration(-b.drops / b.rate * float64(time.Second)))
	}
}
