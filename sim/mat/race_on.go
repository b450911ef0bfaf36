//go:build race

package mat

const raceDetector = true
