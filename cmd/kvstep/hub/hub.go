// Package hub downloads models from a Hugging Face hub into a folder: whole, or not
// at all. What was begun is gone on with, and every file is checked against the size
// and the checksum that the hub tells.
//
// What goes wrong is a *sim.Problem:
//
//	hub.name      Name: neither owner/name nor a short name (Known)
//	hub.offline   Endpoint: it cannot be reached (Cause says why)
//	hub.unknown   Name: there is no such model, or nobody may know of it
//	hub.denied    Name: the hub wants a token (HF_TOKEN), or another one
//	hub.status    File, Status: any other answer
//	hub.answer    Endpoint: it answered with something else (Cause says what)
//	hub.weights   Name: it has no weights that kvstep reads
//	hub.large     Name, Have, Max: bytes
//	hub.cut       File, Have, Want: bytes; the connection broke again and again
//	hub.length    File, Have, Want: the server's idea of the length
//	hub.checksum  File: what arrived is not what the hub says it is
//	hub.write     File: (Cause says why)
package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"kvstep/sim"
)

// Endpoint is the hub where HF_ENDPOINT names no other.
const Endpoint = "https://huggingface.co"

// Short are names that people use, and the models they mean.
var Short = map[string]string{
	"gpt2":            "openai-community/gpt2",
	"gpt2-medium":     "openai-community/gpt2-medium",
	"distilgpt2":      "distilbert/distilgpt2",
	"SmolLM2-135M":    "HuggingFaceTB/SmolLM2-135M",
	"SmolLM2-360M":    "HuggingFaceTB/SmolLM2-360M",
	"TinyLlama-1.1B":  "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
	"Qwen2.5-0.5B":    "Qwen/Qwen2.5-0.5B",
	"Qwen3-0.6B":      "Qwen/Qwen3-0.6B",
	"stories15M":      "Xenova/llama2.c-stories15M",
	"stories110M":     "Xenova/llama2.c-stories110M",
	"Llama-3.2-1B":    "meta-llama/Llama-3.2-1B",
	"Mistral-7B-v0.3": "mistralai/Mistral-7B-v0.3",
}

// Client talks to a hub.
type Client struct {
	Endpoint string // without a slash at the end
	Token    string // HF_TOKEN, may be ""
	HTTP     *http.Client
	// Heard hears how many bytes of all files are there; may be nil.
	Heard func(done, total int64)
	// Wait is how long to wait before trying again for the nth time.
	Wait func(n int) time.Duration
	// Stall is how long nothing may arrive before the connection counts as broken.
	Stall time.Duration
}

// New is a client for the hub at endpoint ("" is Endpoint).
func New(endpoint, token string) *Client {
	if endpoint == "" {
		endpoint = Endpoint
	}
	return &Client{
		Endpoint: strings.TrimRight(endpoint, "/"), Token: token,
		HTTP:  &http.Client{CheckRedirect: redirect},
		Wait:  func(n int) time.Duration { return min(time.Second<<n, 30*time.Second) },
		Stall: time.Minute,
	}
}

// redirect follows to wherever the files lie, but not from a safe connection to an
// open one. (The token goes to the hub's own domain only; net/http sees to that.)
func redirect(next *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return fmt.Errorf("%w: more than 10", errRedirect)
	}
	if via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return fmt.Errorf("%w: from https to %s", errRedirect, next.URL.Scheme)
	}
	return nil
}

var errRedirect = errors.New("redirected")

var repoName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$`)

// Resolve is the owner/name that a name means.
func Resolve(name string) (repo string, err error) {
	for short, repo := range Short {
		if strings.EqualFold(short, name) {
			return repo, nil
		}
	}
	if !repoName.MatchString(name) || strings.Contains(name, "..") {
		return "", sim.NewProblem("hub.name", "Name", clip(name), "Known", strings.Join(slices.Sorted(maps.Keys(Short)), ", "))
	}
	return name, nil
}

// file is one file of a model, as the hub lists it.
type file struct {
	Name   string `json:"rfilename"`
	Size   int64  `json:"size"`
	BlobID string `json:"blobId"` // git's SHA-1 of the file
	LFS    *struct {
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
	} `json:"lfs"` // of large files; then BlobID is of their pointer
}

// listing is what the hub has of a model.
type listing struct {
	Commit string `json:"sha"`
	Files  []file `json:"siblings"`
}

const (
	maxListing = 16 << 20 // bytes
	maxTotal   = 64 << 30 // bytes of one model
)

var commitName = regexp.MustCompile(`^[0-9a-f]{40}$`)

// list asks for the files of a model, as they are now.
func (c *Client) list(ctx context.Context, repo string) (*listing, error) {
	resp, err := c.get(ctx, c.Endpoint+"/api/models/"+repo+"/revision/main?blobs=true", 0)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := refused(resp, repo, repo); err != nil {
		return nil, err
	}
	bad := func(err error) (*listing, error) {
		return nil, sim.NewProblem("hub.answer", "Endpoint", c.Endpoint).Because(err)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxListing+1))
	if err != nil {
		return bad(err)
	}
	if len(text) > maxListing {
		return bad(errors.New("the list of files is too long"))
	}
	l := &listing{}
	if err := json.Unmarshal(text, l); err != nil {
		return bad(err)
	}
	if !commitName.MatchString(l.Commit) {
		return bad(errors.New("the list of files names no commit"))
	}
	for _, f := range l.Files {
		if f.Size < 0 || f.LFS != nil && f.LFS.Size < 0 {
			return bad(errors.New("a file of negative length"))
		}
	}
	return l, nil
}

// get asks for a URL, from byte from on.
func (c *Client) get(ctx context.Context, url string, from int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, sim.NewProblem("hub.offline", "Endpoint", c.Endpoint).Because(err)
	}
	req.Header.Set("User-Agent", "kvstep")
	req.Header.Set("Accept-Encoding", "identity") // lengths are those of the files
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if from > 0 {
		req.Header.Set("Range", rangeFrom(from))
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if errors.Is(err, errRedirect) {
			return nil, sim.NewProblem("hub.answer", "Endpoint", c.Endpoint).Because(err)
		}
		return nil, sim.NewProblem("hub.offline", "Endpoint", c.Endpoint).Because(err)
	}
	return resp, nil
}

// refused is the Problem for an answer that is not the file, nil for one that is. Those
// that may go well another time are hub.status.
func refused(resp *http.Response, repo, name string) error {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return sim.NewProblem("hub.denied", "Name", repo)
	case http.StatusNotFound:
		return sim.NewProblem("hub.unknown", "Name", repo)
	}
	return sim.NewProblem("hub.status", "File", name, "Status", resp.Status)
}

// small are the files that say what a model is; missing ones are not asked for.
var small = []string{"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"}

const (
	weights = "model.safetensors"
	index   = "model.safetensors.index.json"
)

// choose picks the files that kvstep reads.
func (l *listing) choose(repo string) ([]file, error) {
	var list []file
	has := map[string]file{}
	for _, f := range l.Files {
		// Names are made into paths: only plain ones.
		if f.Name == path.Base(f.Name) && !strings.ContainsAny(f.Name, `\:`) && f.Name != "." && f.Name != ".." && f.Name != "/" {
			has[f.Name] = f
		}
	}
	pick := func(name string) bool {
		f, ok := has[name]
		if ok {
			list = append(list, f)
		}
		return ok
	}
	for _, name := range small {
		pick(name)
	}
	if _, ok := has["config.json"]; !ok {
		return nil, sim.NewProblem("hub.weights", "Name", repo)
	}
	if !pick(weights) {
		if !pick(index) {
			return nil, sim.NewProblem("hub.weights", "Name", repo)
		}
		for _, name := range slices.Sorted(maps.Keys(has)) {
			if strings.HasPrefix(name, "model-") && strings.HasSuffix(name, ".safetensors") {
				pick(name)
			}
		}
	}
	total := int64(0)
	for _, f := range list {
		if total += f.length(); total > maxTotal || f.length() > maxTotal {
			return nil, sim.NewProblem("hub.large", "Name", repo, "Have", total, "Max", int64(maxTotal))
		}
	}
	return list, nil
}

// length is how many bytes the file has.
func (f file) length() int64 {
	if f.LFS != nil {
		return f.LFS.Size
	}
	return f.Size
}

// clip shortens text of a stranger that goes into a message.
func clip(s string) string {
	if r := []rune(s[:min(len(s), 400)]); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
