//go:build amd64 || arm64

package mat

// panel is the number of columns that the kernels of WeightedSum have lanes for.
const panel = 64

// walk is the rows of a matrix as the kernels take them: see gen/rows.go.
type walk struct {
	page                             *[]float32
	row, perPage, skip, stride, need int
}

func walkOf(m *Matrix) walk {
	if m.pages == nil {
		return walk{&m.data, 0, m.rows, 0, m.stride, (m.rows-1)*m.stride + m.cols}
	}
	return walk{&m.pages[m.from/m.perPage], m.from % m.perPage, m.perPage, m.skip, m.stride,
		m.skip + (m.perPage-1)*m.stride + m.cols}
}
