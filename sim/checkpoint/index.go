package checkpoint

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxShards is the most files that the weights of one model may lie in.
const maxShards = 1024

// index is model.safetensors.index.json:
//
//	{"metadata": {..}, "weight_map": {"name of a tensor": "name of its file", ..}}
type index struct {
	files []string          // in the order of their first tensor
	where map[string]string // file of each tensor
	names []string          // tensors, in order
}

// readIndex reads the index. Files must lie in the folder itself: a name is a
// name, not a path.
func readIndex(text []byte) (*index, error) {
	p := headerParser{file: indexFile, text: text}
	x := &index{where: map[string]string{}}
	seen := false
	err := p.object(func(key string) error {
		if key != "weight_map" {
			return p.skip(0)
		}
		if seen {
			return problem("checkpoint.duplicate", indexFile, "Tensor", key)
		}
		seen = true
		return p.object(func(name string) error {
			file, err := p.str(maxName)
			if err != nil {
				return err
			}
			return x.add(name, file)
		})
	})
	if err != nil {
		return nil, err
	}
	if p.space(); p.at != len(p.text) {
		return nil, p.fail("text after the end")
	}
	if len(x.names) == 0 {
		return nil, p.fail("no weight_map")
	}
	return x, nil
}

// add puts a tensor into a file.
func (x *index) add(name, file string) error {
	switch _, twice := x.where[name]; {
	case twice:
		return problem("checkpoint.duplicate", indexFile, "Tensor", Clip(name))
	case len(x.names) == maxEntries:
		return problem("checkpoint.entries", indexFile, "Max", maxEntries)
	// A colon would reach another drive or stream on Windows.
	case !fs.ValidPath(file) || path.Base(file) != file || strings.ContainsAny(file, `\:`) || !strings.HasSuffix(file, ".safetensors"):
		return problem("checkpoint.path", indexFile, "Tensor", Clip(name), "Path", Clip(file))
	}
	if !slices.Contains(x.files, file) {
		if len(x.files) == maxShards {
			return problem("checkpoint.shards", indexFile, "Max", maxShards)
		}
		x.files = append(x.files, file)
	}
	x.where[name] = file
	x.names = append(x.names, name)
	return nil
}

// openShards opens the files of an index, and checks that they and the index agree
// on every tensor.
func (t *tensorReader) openShards(fsys fs.FS, text []byte) (meta map[string]string, files []*source, err error) {
	t.file = indexFile
	x, err := readIndex(text)
	if err != nil {
		return nil, nil, err
	}
	left := int64(maxWeights)
	for _, name := range x.files {
		s, err := open(fsys, name, left)
		if err != nil {
			return nil, files, err
		}
		files = append(files, s)
		left -= s.size
		m, entries, body, err := readHeader(s)
		if err != nil {
			return nil, files, err
		}
		if meta == nil {
			meta = m
		}
		for _, e := range entries {
			switch listed, ok := x.where[e.tensor.Name]; {
			case !ok:
				return nil, files, problem("checkpoint.unlisted", name, "Tensor", Clip(e.tensor.Name), "Index", indexFile)
			case listed != name:
				return nil, files, problem("checkpoint.shard", name, "Tensor", Clip(e.tensor.Name), "Index", indexFile, "Other", listed)
			}
		}
		t.add(s, entries, body)
	}
	for _, name := range x.names {
		if !t.has(name) {
			return nil, files, problem("checkpoint.absent", x.where[name], "Tensor", Clip(name), "Index", indexFile)
		}
	}
	return meta, files, nil
}

// maxDepth is how deep a value that is passed over may nest.
const maxDepth = 32

// skip passes over any JSON value.
func (p *headerParser) skip(depth int) error {
	if depth > maxDepth {
		return p.fail("nested more than %d deep", maxDepth)
	}
	p.space()
	if p.at >= len(p.text) {
		return p.fail("expected a value")
	}
	switch c := p.text[p.at]; {
	case c == '{':
		return p.object(func(string) error { return p.skip(depth + 1) })
	case c == '[':
		p.at++
		for first := true; !p.next(']'); first = false {
			if !first && !p.next(',') {
				return p.fail("expected , or ]")
			}
			if err := p.skip(depth + 1); err != nil {
				return err
			}
		}
		return nil
	case c == '"':
		_, err := p.str(maxText)
		return err
	}
	// Numbers, true, false and null: whatever they say is not needed.
	from := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789Eaeflnrstu", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == from {
		return p.fail("expected a value")
	}
	return nil
}
