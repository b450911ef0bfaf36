package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFlagsAreTold: what is wrong with a command line is told in the person's language,
// with the flag and what was written.
func TestFlagsAreTold(t *testing.T) {
	for _, c := range []struct {
		args   string
		en, zh string
	}{
		{"cost --prompt=NaN", "--prompt is “NaN”; it must be a whole number, written in digits.", "--prompt 为“NaN”，必须是用半角数字写的整数。"},
		{"bench --repeats=", "--repeats is “”; it must be a whole number", "--repeats 为“”，必须是"},
		{"cost --new=0.5", "--new is “0.5”", "--new 为“0.5”"},
		{"cost --batch=9223372036854775808", "--batch is 9223372036854775808: no number", "--batch 为 9223372036854775808：超出"},
		{"cost --accept=half", "--accept is “half”; it must be a number.", "--accept 为“half”，必须是一个数。"},
		{"cost --accept=1e999", "--accept is 1e999", "--accept 为 1e999"},
		{"sweep --prompt-tokens=1;2", "--prompt-tokens is “1;2”; it must be whole numbers", "用逗号（半角）隔开"},
		{"plot flops --print=maybe", "--print is “maybe”; it must be true or false.", "--print 为“maybe”"},
		{"cost --no-such", "There is no flag --no-such.", "没有选项 --no-such。"},
		{"cost -x", "There is no flag -x.", "没有选项 -x。"},
		{"cost --prompt", "--prompt needs a value.", "--prompt 后面缺少取值。"},
		{"cost --=3", "“--=3” is no flag.", "“--=3”不是"},
		{"serve --memory=0", "--memory is 0; it must be a whole number from 16777216", "--memory 为 0，必须是 16777216"},
		{"serve --memory=1KiB", "--memory is 1KiB; it must be", "--memory 为 1KiB"},
		{"serve --memory=-1", "--memory is -1; it must be", "--memory 为 -1"},
		{"serve --memory=9223372036854775807", "--memory is 9223372036854775807", "--memory 为 9223372036854775807"},
		{"serve --memory=", "“” is no number of bytes", "“”不是字节数"},
		{"serve --memory=NaN", "“NaN” is no number of bytes", "“NaN”不是字节数"},
	} {
		for lang, want := range map[string]string{"en": c.en, "zh_CN.UTF-8": c.zh} {
			t.Setenv("LC_ALL", lang)
			var out, errs strings.Builder
			code := exitCode(run(t.Context(), strings.Fields(c.args), strings.NewReader(""), &out, &errs))
			stdout, stderr := out.String(), errs.String()
			if code != 2 || !strings.Contains(stderr, want) || strings.Contains(stderr, "strconv") || stdout != "" {
				t.Errorf("%s in %s: exit %d: %s%s\nwant %s", c.args, lang, code, stdout, stderr, want)
			}
		}
	}
}

// TestNoModelFiles: what is named as a model and is none, or a part of one, is told so,
// and where it lies; words that nobody would use are refused.
func TestNoModelFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop", "loop"); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{"x.gguf", "config.json", "x.safetensors"} {
		if err := os.WriteFile(name, make([]byte, 4096), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"trace --prompt a --model x.gguf", 1, "x.gguf is no model that runs here"},
		{"bench --model ./config.json", 1, "./config.json is no model that runs here"},
		{"sweep --lengths 1 --model x.safetensors", 1, "x.safetensors is no model that runs here"},
		{"trace --prompt a --model empty", 1, "empty/config.json is missing"},
		{"cost --model loop", 1, "Cannot open loop."},
		{"plot flops --out a.svg --model loop", 1, "Cannot open loop."},
		{"trace --prompt a --model story --tokenizer t.bin", 2, "--tokenizer goes with a llama2.c file"},
		{"trace --prompt a --model empty --tokenizer t.bin", 2, "--tokenizer goes with a llama2.c file"},
		{"bench --tokenizer t.bin", 2, "--tokenizer goes with a llama2.c file"},
		{"sweep --lengths 1 --model story,paper --tokenizer t.bin", 2, "story, paper is none"},
		{"serve --tokenizer t.bin", 2, "--tokenizer goes with a llama2.c file"},
	} {
		if code, _, stderr := command(t, strings.Fields(c.args)...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d: %s, want %s", c.args, code, stderr, c.want)
		}
	}
}

// TestHubReasons: what the system says of a download is told in the person's language.
func TestHubReasons(t *testing.T) {
	t.Setenv("HF_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("HF_HUB_OFFLINE", "")
	for _, c := range []struct{ models, en, zh string }{
		{t.TempDir(), "cannot be reached: Nothing listens there (connection refused). Without", "无法连接 http://127.0.0.1:1：对方没有程序在监听（连接被拒绝）。没有网络时"},
		{filepath.Join(t.TempDir(), strings.Repeat("a", 300)), "cannot be written: Its name is too long.", "：文件名太长。"},
	} {
		for lang, want := range map[string]string{"en": c.en, "zh_CN.UTF-8": c.zh} {
			t.Setenv("LC_ALL", lang)
			var out, errs strings.Builder
			code := exitCode(run(t.Context(), []string{"pull", "a/b", "--models", c.models}, strings.NewReader(""), &out, &errs))
			if code != 1 || !strings.Contains(errs.String(), want) || lang != "en" && strings.Contains(errs.String(), "file name too long") {
				t.Errorf("%s: exit %d: %s, want %s", lang, code, errs.String(), want)
			}
		}
	}
}
