package mat

// fastGroups does Codes.Groups, or reports that no kernel can.
func fastGroups(dst []float32, c Codes, i int, scales, lows []uint16, size int) bool {
	n := len(dst)
	if selected < AVX2 || n == 0 || size%8 != 0 || n%size != 0 || i%2 != 0 || (i+n)*c.bits > 8*len(c.data) ||
		len(scales) < n/size || len(lows) < n/size {
		return false
	}
	if c.bits == 8 {
		groups8AVX2(&dst[0], &c.data[i], &scales[0], &lows[0], n/size, size)
	} else {
		groups4AVX2(&dst[0], &c.data[i/2], &scales[0], &lows[0], n/size, size)
	}
	return true
}

// fastColumns does Codes.Columns, or reports that no kernel can.
func fastColumns(dst []float32, c Codes, i int, scales, lows []uint16, cols int) bool {
	n := len(dst)
	if selected < AVX2 || n == 0 || cols%8 != 0 || n%cols != 0 || i%2 != 0 || (i+n)*c.bits > 8*len(c.data) ||
		len(scales) < cols || len(lows) < cols {
		return false
	}
	if c.bits == 8 {
		columns8AVX2(&dst[0], &c.data[i], &scales[0], &lows[0], n/cols, cols)
	} else {
		columns4AVX2(&dst[0], &c.data[i/2], &scales[0], &lows[0], n/cols, cols)
	}
	return true
}
