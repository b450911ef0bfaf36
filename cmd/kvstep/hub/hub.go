// Package hub downloads models from a Hugging Face hub into a folder: whole, or not
// at all. What was begun is gone on with, and every file is checked against the size
// and the checksum that the hub tells.
//
// What goes wrong is a *sim.Problem:
//
//	hub.name       Name: neither owner/name nor a short name (Known)
//	hub.endpoint   Endpoint (HF_ENDPOINT) is no address
//	hub.token_odd  HF_TOKEN has characters that no token has
//	hub.off        Variable, Value: a person forbade it all
//
// of the way there, by Host:
//
//	hub.dns        the name of the host is not known
//	hub.offline    it cannot be reached (Why)
//	hub.silent     nothing arrived for Seconds
//	hub.tls        no safe connection (Why)
//	hub.proxy      Proxy did not let it through (Why)
//	hub.redirect   it sends on to To, where this does not follow (From)
//
// of the hub's answers:
//
//	hub.unknown    Name, Endpoint: there is no such model, or nobody may know of it
//	hub.revision   Name: it has no branch "main"
//	hub.gone       Name, File: the hub lists it and does not have it
//	hub.denied     Name: its terms must be accepted first
//	hub.token      Name: the hub wants to know who asks (HF_TOKEN)
//	hub.token_bad  Endpoint: the hub does not know this token
//	hub.forbidden  Name: this token may not read it, or nobody may
//	hub.busy       Host: asked too often
//	hub.broken     Host, Status: the server fails
//	hub.status     File, Status: any other answer
//	hub.html       Host: a page for people
//	hub.list_cut   Host: the list of files ends in the middle
//	hub.answer     Host: it answered with something else (Why)
//	hub.unchecked  Host: it tells neither sizes nor checksums
//	hub.encoded    Host, File, Encoding: compressed in a way that was not asked for
//	hub.weights    Name: it has no weights that kvstep reads
//	hub.large      Name, Have, Max: bytes
//	hub.cut        File, Have, Want: bytes; the connection broke again and again
//	hub.length     File, Have, Want: the server's idea of the length
//	hub.checksum   File: what arrived is not what the hub says it is
//
// and of this machine:
//
//	hub.place      Place: something else is there
//	hub.lock       File: it cannot be locked (Why)
//	hub.full       File: the disk is full
//	hub.closed     File: nobody may write there
//	hub.write      File: (Why)
//	hub.stopped    Name: a person stopped it (told by who calls Pull)
package hub

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"net/url"
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
	// Off, unless nil, is why the hub may not be asked.
	Off error
	// OnProgress is called with how many bytes of all files are there; may be nil.
	OnProgress func(done, total int64)
	// OnWait is called when somebody else is downloading the model; may be nil.
	OnWait func(place string)
	// Wait is how long to wait before trying again for the nth time.
	Wait func(n int) time.Duration
	// Stall is how long nothing may arrive before the connection counts as broken.
	Stall time.Duration
}

// New returns a client for the hub at endpoint ("" is Endpoint). Spaces and line breaks
// around either, as files and terminals add them, are nobody's intention.
func New(endpoint, token string) *Client {
	if endpoint = strings.TrimSpace(endpoint); endpoint == "" {
		endpoint = Endpoint
	}
	return &Client{
		Endpoint: strings.TrimRight(endpoint, "/"), Token: strings.TrimSpace(token),
		HTTP:  &http.Client{Transport: transport(), CheckRedirect: redirect},
		Wait:  func(n int) time.Duration { return min(time.Second<<n, 30*time.Second) },
		Stall: time.Minute,
	}
}

// shown returns the endpoint as people are told it: without a password.
func (c *Client) shown() string {
	if u, err := url.Parse(c.Endpoint); err == nil {
		return u.Redacted()
	}
	return c.Endpoint
}

// check refuses what can be no address and no token before anything is sent.
func (c *Client) check() error {
	if c.Off != nil {
		return c.Off
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return sim.NewProblem("hub.endpoint", "Endpoint", clip(c.shown())).Because(err)
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return sim.NewProblem("hub.token_odd")
	}
	return nil
}

var repoName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$`)

// Resolve returns the owner/name that a name means.
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
	Size   *int64 `json:"size"`   // nil where a mirror does not tell
	BlobID string `json:"blobId"` // git's SHA-1 of the file
	LFS    *struct {
		SHA256 string `json:"sha256"`
		Size   *int64 `json:"size"`
	} `json:"lfs"` // of large files; then BlobID is of their pointer
}

// listing is what the hub has of a model.
type listing struct {
	Commit string `json:"sha"`
	Files  []file `json:"siblings"`
}

const (
	maxListing = 8 << 20  // bytes
	maxTotal   = 64 << 30 // bytes of one model
)

var (
	commitName = regexp.MustCompile(`^[0-9a-f]{40}$`)
	sha256Name = regexp.MustCompile(`^[0-9a-f]{64}$`)
	shardName  = regexp.MustCompile(`^model-[A-Za-z0-9_.-]{1,100}\.safetensors$`)
)

// small are the files that say what a model is; missing ones are not asked for.
var small = []string{"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"}

const (
	weights = "model.safetensors"
	index   = "model.safetensors.index.json"
)

// choose picks the files that kvstep reads.
func (c *Client) choose(l *listing, repo string) ([]file, error) {
	var list []file
	has := map[string]file{}
	for _, f := range l.Files {
		has[f.Name] = f
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
			// Names are made into paths: only plain ones, and no two that a disk may take for one.
			if shardName.MatchString(name) && !slices.ContainsFunc(list, func(f file) bool { return strings.EqualFold(f.Name, name) }) {
				pick(name)
			}
		}
	}
	total := int64(0)
	for _, f := range list {
		if !f.checkable() {
			return nil, sim.NewProblem("hub.unchecked", "Host", c.shown())
		}
		if total += f.length(); total > maxTotal || f.length() > maxTotal {
			return nil, sim.NewProblem("hub.large", "Name", repo, "Have", total, "Max", int64(maxTotal))
		}
	}
	return list, nil
}

// statedSize returns how many bytes the file has, nil where the hub does not tell.
func (f file) statedSize() *int64 {
	if f.LFS != nil {
		return f.LFS.Size
	}
	return f.Size
}

// length returns the size of a checkable file, bytes.
func (f file) length() int64 {
	if n := f.statedSize(); n != nil {
		return *n
	}
	return 0
}

// checkable reports whether the hub says what the file must be.
func (f file) checkable() bool {
	if f.statedSize() == nil {
		return false
	}
	if f.LFS != nil {
		return sha256Name.MatchString(f.LFS.SHA256)
	}
	return commitName.MatchString(f.BlobID)
}

// sum returns the checksum that the hub tells, and hash an empty one of its kind.
func (f file) sum() string {
	if f.LFS != nil {
		return f.LFS.SHA256
	}
	return f.BlobID
}

func (f file) hash() hash.Hash {
	if f.LFS != nil {
		return sha256.New()
	}
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", f.length()) // as git does
	return h
}

// clip shortens text of a stranger that goes into a message.
func clip(s string) string { return clipTo(s, 60) }

// brief shortens what systems and libraries say of an error, whose end often matters.
func brief(s string) string { return clipTo(s, 240) }

func clipTo(s string, most int) string {
	if r := []rune(s[:min(len(s), 4*most+4)]); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
