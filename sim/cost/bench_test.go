package cost

import "testing"

// What the engine pays for counting, a layer: small beside running it.
func BenchmarkLayer(b *testing.B) {
	s, _, err := Preset("stories260K")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for range b.N {
		s.Layer(2, 1, 100, Default())
	}
}

func BenchmarkBill(b *testing.B) {
	s, _, err := Preset("DeepSeek-V3")
	if err != nil {
		b.Fatal(err)
	}
	for range b.N {
		if _, err := s.Bill(Job{1024, 256, 8}, Default()); err != nil {
			b.Fatal(err)
		}
	}
}
