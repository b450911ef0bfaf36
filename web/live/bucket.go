package live

import "time"

// What one connection may send: so many messages at once, and then so many a second.
// A page sends one for each key, and at most one for each refresh of a screen. A long
// message counts for as many as it has dropBytes: reading it takes so much longer.
const (
	maxBurst  = 240
	perSecond = 240
	dropBytes = 1024
)

// bucket holds what a connection may still send at once. Who has emptied it is read
// more slowly: nothing is lost, the messages wait where they are.
type bucket struct {
	rate  float64 // drops a second; 0: no limit
	drops float64
	since time.Time
	clock func() time.Time
	sleep func(time.Duration)
}

func newBucket() bucket {
	return bucket{rate: perSecond, drops: maxBurst, clock: time.Now, sleep: time.Sleep}
}

// take takes what a message of some bytes costs, and waits until that is there.
func (b *bucket) take(bytes int) {
	if b.rate == 0 {
		return
	}
	now := b.clock()
	if !b.since.IsZero() {
		b.drops = min(b.drops+now.Sub(b.since).Seconds()*b.rate, maxBurst)
	}
	b.since = now
	if b.drops -= float64(1 + bytes/dropBytes); b.drops < 0 {
		b.sleep(time.Duration(-b.drops / b.rate * float64(time.Second)))
	}
}
