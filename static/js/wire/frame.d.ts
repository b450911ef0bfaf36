// Written by make generate from the lenses of sim/lens: do not edit it.

/** A whole number: a decimal text beyond 2^53. */
export type Integer = number | string;

/** An id of the vocabulary with its label, which is short and printable. */
export type Token = [id: number, label: string];

export type DType = "F64" | "F32" | "F16" | "U32" | "U16" | "U8";

/** Numbers with a shape, row by row. F16 comes as float32. */
export interface Tensor {
  dtype: DType;
  shape: number[];
  data: Float32Array | Float64Array | Uint32Array | Uint16Array | Uint8Array;
  /** Good for a picture only. */
  coarse?: boolean;
}

/** One moment of a run as one viewer sees it. */
export interface Frame {
  meta: Meta;
  tensors: Tensors;
  /** Size on the wire. */
  bytes: number;
}

/** What the lenses say, by their names. */
export interface Meta {
  /** Version of the protocol. */
  kvstep: number;
  /** Number of the frame for this viewer, from 1. */
  seq: number;
  /** Query that reproduces the moment. */
  link: string;
  /** what was asked for, and how far it has come. */
  run: Run;
  /** the step at the cursor; null before the first. */
  step: Step | null;
  /** every id fed so far, this pass included; once the head has chosen, the chosen id too. */
  tokens: Token[];
  /** the text generated so far, whole characters only. */
  text: string;
  /** the tokens of the prompt that is looked at. */
  waiting?: Token[];
  /** whose matrices the tensors are. */
  pick: Pick;
  /** the step that the matrices come from. */
  pick_step?: PickStep;
  /** the exact value of the picked cell; null when none is picked or it does not exist. */
  cell: CellValue | null;
  /** what both lanes paid, in this step, in this pass and in all so far. */
  ledger: Ledger;
  /**
   * what the letters of the ledger's formulas (sim/cost/formula.go) are worth in this step, by lane; a lane that
   * does not run is left out, and so is what uncached would say again of cached.
   */
  letters?: Partial<Record<LaneName, Record<string, Integer>>>;
  /**
   * the same of the formulas of the totals (sim/cost/totals.go): cached where it says something else than letters,
   * uncached where it says something else than both.
   */
  sums?: Partial<Record<LaneName, Record<string, Integer>>>;
  /** the least time of this step, and of all so far, on a device. */
  modelled?: Modelled;
  /** the same run at real size. */
  real?: Real;
  /** the ten likeliest tokens of a head step, highest first; else null. */
  top: Candidate[] | null;
  /** how the sampler came to its token. */
  choice?: Choice;
  /** speculative decoding at the cursor. */
  speculation?: Speculation;
  /** what the policy did to the latest choice up to the cursor. */
  effect?: Effect;
  /** who else is in the pass. */
  peers?: Peers;
  /** a pass of a batch. */
  schedule?: Schedule;
  /** the runs of a room that keeps several, or did. */
  branches?: Branches;
  /** the room's breakpoints, and where the run has reached them. */
  breaks?: Breaks;
  /** the bookmarked steps of this viewer, in order. */
  marks?: number[];
  /** the picture of one head. */
  attention?: Attention;
  /** the picked layer and head as the lane without a cache ran it; null where no step has run the layer. */
  without?: Without | null;
  /** the op that is looked at; null where none is, or it does not exist in this step. */
  op?: Op | null;
  /** the explanation of the last cell of the trail; null where nothing is asked. */
  explain?: Explain | null;
  /** the whole KV cache in short: one byte for each row's size. */
  kv: Cache;
  /** what the cache takes, and with the panel `rows` open what its policy says of every row. */
  use?: Use;
  /** the run point by point. */
  history?: History;
  /** every head's attention in this pass; null where nothing is cached. */
  heads?: Heads | null;
  /** how far a beam search has come, and with the panel `beams` open its tree. */
  beams?: Beams;
}

/** Their numbers. */
export interface Tensors {
  /** F16 or U8 [m, hd]: queries of the picked head, after RoPE */
  Q?: Tensor;
  /** F16 [T, hd]: keys of its kv head: `cached` rows from the cache, then the m new ones */
  K?: Tensor;
  /** F16 [T, hd]: values, likewise */
  V?: Tensor;
  /**
   * F16 triangle: q.k/sqrt(hd) of every pair that the causal mask allows, those included whose key the cache had
   * evicted
   */
  scores?: Tensor;
  /**
   * U8 or U16 [1, T]: where the cache had evicted keys of this head: 1 + the position of the first query that each
   * of them was evicted before, 0 where it is kept; pairs of that query and later ones are not seen
   */
  evicted?: Tensor;
  /** F16 triangle: softmax over the pairs that are seen, 0 for evicted keys */
  probs?: Tensor;
  /** F16 or U8 [m, hd]: probs x V */
  out?: Tensor;
  /**
   * F16 or U8 [r, hd]: queries of the picked head in the lane without a cache, after RoPE: `recorded`, of the rows
   * before `without.cached`, the new ones being those of `Q`; `computed`, of all rows
   */
  without_Q?: Tensor;
  /** F16 or U8 [r, hd]: `computed`: its keys, where they are not those of `K` */
  without_K?: Tensor;
  /** F16 or U8 [r, hd]: its values, likewise */
  without_V?: Tensor;
  /**
   * F16 or U8 triangle: of the rows of `without_Q` with each other: one number of the first row, two of the second,
   * and so on
   */
  without_scores?: Tensor;
  /** F16 or U8 triangle: likewise, after the softmax over all keys up to a row's own */
  without_probs?: Tensor;
  /** F16 or U8 [r, hd]: of the rows of `without_Q` */
  without_out?: Tensor;
  /**
   * F16 or U8: of the op and of each input that is not a weight matrix; a triangle of those with a column for each
   * key, `mask` apart, which is none
   */
  [id: `op.${string}`]: Tensor | undefined;
  /**
   * F32 [n, 4]: of each term of the sum, over a vocabulary the first 512: a, b, what it makes, and its lane's sum
   * after it
   */
  "explain.terms"?: Tensor;
  /** F32 [1, 31]: the 16 lanes, then the 8, 4, 2 and 1 sums of l and l + half */
  "explain.tree"?: Tensor;
  /**
   * U8 [L, G, T]: root mean square of each cached row of K, as a share of `kv.max_k`: value = u8/255 x max; 0 where
   * a layer has not reached that position
   */
  cache_k?: Tensor;
  /** U8 [L, G, T]: of V, as a share of `kv.max_v` */
  cache_v?: Tensor;
  /**
   * U8 or U16 [L, G, T]: policies that let tokens go: 1 + the position of the query that a row made room for, 0
   * where it is kept; a window has G = 1, for all heads alike
   */
  cache_gone?: Tensor;
  /**
   * U8 [2, L, G, T]: quantised rows of K and V: the largest error, as a share of `use.max_error`; beside the picture
   * of an op only of the layer that is looked at (L = 1)
   */
  cache_error?: Tensor;
  /**
   * F16 [2, L, G, T]: the largest scale of the row, as the cache keeps it, 0 where it is in float32; not beside the
   * picture of an op
   */
  cache_scale?: Tensor;
  /**
   * F16 [G, T]: heavy hitters: the attention that each row of the layer that is looked at has received so far, or
   * until it was evicted; not beside the picture of an op
   */
  cache_received?: Tensor;
  /**
   * U32 or F64 [3, points] or [3, 2 x passes]: what the formulas say of every point (see `parts`): cached, uncached,
   * and, of FLOPs only, uncached with every pair and every row's logits computed. For `time`, which no formula
   * tells: what `fit` says of the FLOPs that the engine really computes, [2, ..]; absent until something was
   * measured. In a run of several sequences, or with a draft, there is no such formula and no such tensor
   */
  history_ahead?: Tensor;
  /**
   * U32 or F64 [2, points up to the cursor]: what the recorded steps of each point cost, cached lane, then uncached;
   * NaN is a time that nobody measured, since the lane waited
   */
  history_paid?: Tensor;
  /**
   * U8 [L, H, rows, cols]: every head's attention in this pass, in 1/255; with `by` > 1 each cell is the largest of
   * `by` x `by` (all maps together are at most 8,000 bytes; while an op is picked 1,000, or 400 with many rows, less
   * what a cache policy tells of its rows)
   */
  heads?: Tensor;
  /**
   * F16 [L, H, 5]: entropy in bits; mean share given to the previous token, to the first, to the query itself
   * (queries at position 2 and later), and to what followed the same token last time; -1 where no query of the pass
   * has such a key (`sim/model/hints.go`)
   */
  head_hints?: Tensor;
  /**
   * U8, U16 or U32 [3, L, T]: 1 + the pass that wrote the K and V row of this position (0: not yet), passes that
   * have read it since, passes in which the uncached lane computed it again, or would have, where it waits
   */
  rows?: Tensor;
  /**
   * U8, U16 or U32 [requests + 3, passes up to the cursor]: rows of each request; then padded rows, idle slots and
   * tokens generated
   */
  schedule?: Tensor;
  /** U32 or F64 [1, passes]: bytes of weights that each pass has read so far, of the cached lane if it runs */
  schedule_weights?: Tensor;
  /**
   * U8, U16 or U32 [requests, passes]: where somebody was preempted: of the rows, those that had been computed
   * before
   */
  schedule_recomputed?: Tensor;
  /** U8 [requests, passes]: 1: the request has given its blocks back and waits */
  schedule_preempted?: Tensor;
  /**
   * U8, U16 or U32 [2, nodes]: the place of a node's parent among the beams of the pass before, its token; a node is
   * a beam that a head step kept
   */
  beam_tree?: Tensor;
  /** F32 [1, nodes]: of those tokens. A text's sum is that of its nodes */
  beam_log_probs?: Tensor;
}

/** one of the two stretches of a run. */
export type Phase = "prefill" | "decode";

/** says what a step ran. */
export type Part = "layer" | "head";

/** says in which lane a cell is, where that is not the one that the step is of. */
export type Lane = "uncached";

/** names a lane. */
export type LaneName = "cached" | "uncached";

/** says what sequences of a pass are to each other. */
export type PeersKind = "batch" | "beam";

/** says what happened. */
export type EventKind =
  | "join"
  | "reuse"
  | "chunk"
  | "leave"
  | "preempt"
  | "recompute"
  | "copy"
  | "part"
  | "drop"
  | "finish";

/** says where the rows of the lane without a cache come from. */
export type WithoutSource = "same" | "recorded" | "computed" | "none";

/** the arithmetic of an op. */
export type Kind =
  | "dot"
  | "scaled"
  | "rms"
  | "turn"
  | "stored"
  | "shared"
  | "mask"
  | "softmax"
  | "copy"
  | "add"
  | "swiglu"
  | "gelu"
  | "layernorm"
  | "weight"
  | "table";

/** the run: what was asked for, and how far it has come. */
export type Run = {
  model: string;
  config: Config;
  recipe: Recipe;
  /** what its cache policy does */
  policy: Policy;
  /** tokens of the prompt */
  prompt_tokens: number;
  /** steps that exist */
  recorded: number;
  /**
   * how many steps there are if the run goes to its maximum (in a batch: if every request does, and finds memory at
   * once).
   */
  length: number;
  /** why the run is over: eos, max-new, stop or memory; null while it is not */
  ended: string | null;
  /** the server itself is stepping on (forward to a far place) */
  running: boolean;
  /** up to five words of the prompt that the model never met in training */
  outside?: string[];
  /** ops of a layer that this model does not have */
  lacks?: string[];
  /** there was not memory for all its tokens when it began */
  short?: Short;
  /** how the model is built, where that is not as in a Llama. */
  parts?: Arch;
};

/** the shape of a transformer. Names follow the Hugging Face fields they are read from; all sizes are counts. */
export type Config = {
  /** "llama", "qwen2" (biases on Q, K, V), "qwen3" (norms of Q and K) or "gpt2" */
  family: string;
  /** width of the residual stream, d_model */
  dim: number;
  /** number of decoder layers */
  layers: number;
  /** query heads, H */
  heads: number;
  /** key/value heads, G: G = H is MHA, G = 1 is MQA, between is GQA */
  kv_heads: number;
  /** width of one head; Heads x HeadDim need not equal Dim */
  head_dim: number;
  /** hidden width of the MLP */
  ffn: number;
  /** number of token ids */
  vocab: number;
  /** longest sequence the model was built for, in tokens */
  context: number;
  /** added to the mean square in RMSNorm, to the variance in LayerNorm */
  norm_eps: number;
  /** RoPE angle of pair i at position p is p * base^(-2i/head_dim) */
  rope_base: number;
  /** pairs elements (2i, 2i+1) as llama2.c does; otherwise (i, i+head_dim/2) as Hugging Face does. */
  rope_interleaved: boolean;
  /** stretches the angles for a context longer than that of the training, nil for none. */
  rope_scaling?: RopeScaling;
  /**
   * leaves Q and K as they are: no position is encoded but by the mask, or by a learned row that is added to each
   * embedding (GPT-2).
   */
  nope?: boolean;
  /** the output head is the embedding table */
  tied: boolean;
  /**
   * how many a number of a weight matrix has in memory where that is not 32: 16, as in the file, in a large model.
   * Nothing that is computed depends on it.
   */
  weight_bits?: number;
  /** id put before a prompt, -1 for none */
  bos: number;
  /** id that ends a text, -1 for none */
  eos: number;
};

/**
 * Llama 3's: pairs that turn slowly, less than once in the context of the training / LowFreq, turn Factor times
 * slower; fast ones, more than once in it / HighFreq, as ever; in between it is blended.
 */
export type RopeScaling = {
  factor: number;
  low_freq_factor: number;
  high_freq_factor: number;
  original_max_position_embeddings: number;
};

/**
 * determines a run entirely: the same recipe gives the same bits on any machine. It travels as JSON in commands and
 * as a query in links.
 */
export type Recipe = {
  /** embedded name, or the path the server was started with */
  model: string;
  /** text, encoded by the model's tokenizer */
  prompt: string;
  /** given instead of Prompt, when there is no tokenizer */
  tokens?: number[];
  /** tokens to generate at most; 0: prefill alone */
  max_new: number;
  sampler: Sampler;
  /** a generated text that contains one of these ends the run */
  stop?: string[];
  /** how the cached lane keeps K and V */
  cache: CachePolicy;
  /**
   * a small model that proposes Propose tokens before every decode pass, which then verifies them all at once:
   * speculative decoding.
   */
  draft?: string;
  propose?: number;
  /** more requests, served together with this one */
  batch?: Batch;
  /**
   * those that the run has: "both", "cached" or "uncached". "both:N" lets the uncached lane run while a sequence has
   * at most N tokens; from then on it waits, and is only counted.
   */
  lanes: string;
  /** "allowed" or "dense": which (query, key) pairs are counted */
  pairs: string;
  /** "last" or "all": how many rows of logits are counted */
  logits: string;
  /** tokens chosen by a person instead of the sampler; this is how a forked run is written down. */
  forced?: Forced[];
};

/**
 * says how the next token is chosen from the logits. Its filters, and the order in which they apply, are those of
 * sim/sample.
 */
export type Sampler = {
  /** "greedy", "sample" or "beam" */
  kind: string;
  /** logits are divided by it; 0 is greedy */
  temperature: number;
  /** keep the K likeliest; 0 keeps all */
  top_k: number;
  /** keep the smallest set of at least this mass; 1 keeps all */
  top_p: number;
  /** keep what has this share of the likeliest's probability; 0 keeps all */
  min_p: number;
  /**
   * Logits of tokens that are in the text already are divided by it where positive, multiplied where negative
   * (Keskar et al., 2019); 1 is off. Greedy choices obey it too.
   */
  repetition_penalty: number;
  /** names the random sequence */
  seed: string;
  /** beam: texts that are followed at a time, 2 to 8 */
  width?: number;
  /** beam: finished texts compare by log-probability / length^this */
  length_penalty?: number;
  /** setting of a filter; left out where it is off */
  typical_p?: number;
};

/**
 * says how the KV cache keeps its rows: a kind, and the parameters that this kind has. What a kind means is written
 * in sim/kv, one file a policy.
 */
export type CachePolicy = {
  /** one of the Cache constants; "" is contiguous */
  kind: string;
  /** paged: tokens to a block, 1 to 64 */
  block?: number;
  /** window, h2o: newest tokens that are kept */
  window?: number;
  /** window: first tokens that are kept for ever */
  sinks?: number;
  /** h2o: tokens kept because they were attended most */
  heavy?: number;
  /** int8, int4: "token", or "channel" for K (V stays by token) */
  axis?: string;
  /** int8, int4: numbers that share a scale */
  group?: number;
  /** bytes that the cache may take; 0: no limit */
  budget?: number;
};

/** asks for several sequences in one run: request 0 is the recipe's own prompt, the others are here. */
export type Batch = {
  requests: Request[] | null;
  /** one of the Schedule constants */
  schedule: string;
  /** sequences that a pass may have */
  slots: number;
  /** continuous: rows that a pass may have; 0: any number */
  chunk?: number;
  /** paged: prompts that begin alike share the blocks of their beginning */
  share?: boolean;
};

/** one prompt of a batch. */
export type Request = {
  prompt: string;
  /** given instead of Prompt */
  tokens?: number[];
  max_new: number;
  /** the first pass that can have it */
  arrive?: number;
};

/** replaces the choice made after Pass (0 is prefill) by Token. */
export type Forced = {
  pass: number;
  token: number;
};

/** what a cache policy does, which viewers ask instead of its kind. */
export type Policy = {
  /** attention gets the very numbers that were computed, all of them */
  exact?: boolean;
  /** where tokens are evicted: how many of the first, of the newest and of its choice each head keeps */
  keeps?: [first: number, newest: number, chosen: number];
  /** of a number, where it is quantised */
  bits?: number;
  /** tokens whose K is quantised together, and until then waits in float32 */
  group_tokens?: number;
  /** tokens to a block of memory */
  block?: number;
};

/** tells of a run that there is not memory enough for. */
export type Short = {
  /** tokens that there is memory for, predicted; of several sequences all together */
  fits: number;
  /** tokens that it has if it goes to its maximum */
  whole: number;
};

/** name how a model does what others do in another way, for the words about its ops. */
export type Arch = {
  /** "rmsnorm" or "layernorm", of a whole row */
  norm: string;
  /** "swiglu", or "gelu" without a gate */
  mlp: string;
  /** "rope", "learned" (added to the embeddings) or "none" */
  positions: string;
};

/** the step at the cursor, as kvstep trace tells it. */
export type Step = {
  n: number;
  pass: number;
  phase: Phase;
  part: Part;
  /** null for the head */
  layer: number | null;
  /** new rows of the cached lane */
  rows: number;
  /** tokens that were in its cache before */
  cached: number;
  /** pairs that the mask of this step forbids */
  masked: number;
  /** the lanes agree bit for bit */
  identical: boolean;
  /** the first op in which they do not */
  differs: string;
  /** where in this pass the lanes differed first, in the order of layers and ops; left out where they have not. */
  first?: Differ;
  /**
   * in how many tokens of the sequence the lanes were compared, where the uncached lane waits by now (recipe.lanes):
   * it is counted, and identical says nothing of this step.
   */
  compared?: number;
  /** and some op of them differed */
  differed?: boolean;
  /** why the run ends with this step */
  done: string | null;
};

/** a place at which the lanes differ. */
export type Differ = {
  /** as `differs` names it */
  op: string;
  /** null for the head */
  layer: number | null;
};

/** whose matrices the tensors are. */
export type Pick = {
  layer: number;
  head: number;
  kv_head: number;
  /** the layer follows the cursor */
  follow: boolean;
  /**
   * the step that the matrices come from, the latest one at or before the cursor that ran the layer; null where it
   * has not run yet, and then there are none.
   */
  from: number | null;
  /** the op that is looked at, "" for the attention of one head */
  op: string;
  /** what is explained, as far as it is still there */
  trail: Ref[];
  /** panels that this viewer has open */
  show?: string[];
  /** "model@device" */
  real?: string;
};

/**
 * names one cell of one tensor of one step. Tensors of a K/V head are named by a query head that reads it. For
 * weights the step says only which layer's.
 */
export type Ref = {
  step: number;
  op: string;
  head: number;
  row: number;
  col: number;
  /** left out: the lane that the step is of */
  lane?: Lane;
};

/**
 * the step that the matrices come from. tokens[0 .. cached+rows) are its keys and the last rows of them its queries.
 * The last of these rows may be a draft's proposals, which tokens has only as long as they stay: they are
 * speculation.proposed, or, of a pass before the cursor's, proposed here.
 */
export type PickStep = {
  rows: number;
  cached: number;
  pass: number;
  phase: Phase;
  proposed?: Token[];
};

/** the exact value of the picked cell. */
export type CellValue = {
  op: string;
  row: number;
  col: number;
  /** left out: the cached lane */
  lane?: Lane;
  /** decimal text of the float32 */
  value: string;
  /** the mask forbids the pair */
  masked: boolean;
};

/** what both lanes paid. */
export type Ledger = {
  step: Lanes;
  /** the steps of the cursor's pass up to the cursor: at its head, the whole pass */
  pass: Lanes;
  /** all steps up to the cursor */
  total: Lanes;
  timed?: Timed;
  count: Count;
};

/** both; null is one that the run does not have. */
export type Lanes = {
  cached: Counters | null;
  uncached: Counters | null;
  /** what a cache would have left to pay, of a run that has no such lane: the rest was recomputed. */
  needed?: FlopsByPart;
};

/** those of kvstep trace; one that is left out is 0. */
export type Counters = {
  flops: FlopsByPart;
  /** scalar operations outside matmuls */
  elementwise: Integer;
  /** held in the cache by the layer just run */
  kv_tokens?: Integer;
  /** of K and V held, all layers */
  kv_bytes?: Integer;
  /** read from the cache */
  kv_read_bytes?: Integer;
  /** appended */
  kv_write_bytes?: Integer;
  /** of weights read */
  weight_bytes: Integer;
  /** measured; everything else is counted */
  seconds?: number;
  /** how many of the steps nobody measured, since the lane waited (recipe.lanes); seconds is then of the others. */
  untimed?: number;
};

/** those of matrix products. */
export type FlopsByPart = {
  qkv?: Integer;
  scores?: Integer;
  av?: Integer;
  out?: Integer;
  mlp?: Integer;
  head?: Integer;
};

/**
 * the time of both lanes in the steps in which their times compare: both ran, and one had tokens in a cache. Without
 * any, both do the same, and whoever is first finds nothing in the processor's caches.
 */
export type Timed = {
  steps: number;
  /** seconds */
  cached: number;
  /** seconds */
  uncached: number;
};

/** says what the numbers count: the viewer's switches, whatever the recipe counted. */
export type Count = {
  /** flop or mac */
  unit: string;
  /** allowed or dense */
  pairs: string;
  /** last or all */
  logits: string;
};

/** the least time that the steps can take on a device. */
export type Modelled = {
  device: string;
  /** FLOPs a second */
  peak: number;
  /** bytes a second */
  bandwidth: number;
  /** this step, by lane */
  step: Partial<Record<LaneName, Least>>;
  /** seconds of all steps so far, by lane */
  total: Partial<Record<LaneName, number>>;
};

/** the least time of one step (sim/cost/least.go). */
export type Least = {
  flops: Integer;
  bytes: Integer;
  /** seconds */
  compute: number;
  /** seconds */
  memory: number;
  /** the larger of the two */
  seconds: number;
  /** which one that is */
  bound: string;
};

/**
 * what the step would be in a published model (float16, batch 1) on a device, from sim/cost's Shape.At: a layer of
 * the run stands for one of the model, and at the head step all of the model's layers are done. Times are modelled.
 */
export type Real = {
  model: string;
  device: string;
  layers: number;
  kv_heads: number;
  head_dim: number;
  /** bytes per token are 2 x layers x kv_heads x head_dim x 2 */
  plain: boolean;
  bytes_per_token: Integer;
  /** Shape.PaysFrom, in tokens; 0: not within the context, or no rate known */
  pays_from: Integer;
  /** FLOPs a second; 0 not known */
  peak: number;
  /** bytes a second */
  bandwidth: number;
  step: Lanes;
  total: Lanes;
  /** of the step, by lane */
  least: Partial<Record<LaneName, LeastTime>>;
  room: DeviceMemory;
};

/** the least time of a step. */
export type LeastTime = {
  seconds: number;
  /** compute or memory */
  bound: string;
};

/** the device's memory as a wall: all weights, the rows that a layer works on in this step, and the cache. */
export type DeviceMemory = {
  /** bytes of the device */
  memory: Integer;
  /** of the model */
  weights: Integer;
  /** of a layer's rows, in this step */
  acts: Integer;
  /**
   * the token at which weights and cache pass the memory; 0: not within the context, or the weights alone are too
   * large.
   */
  full: Integer;
  /** tokens */
  context: number;
};

/** one of the ten likeliest tokens. */
export type Candidate = {
  id: number;
  label: string;
  logit: number;
  /** the plain softmax */
  prob: number;
  /** in the distribution that the token was chosen from, where filters made that another one */
  drawn?: number;
  /** the filters left it possible */
  kept: boolean;
  chosen: boolean;
};

/**
 * how the token of a head step was chosen. What the table and the line need, options and the stages' probabilities,
 * is there only with the panel open, in float32 digits: half the bytes.
 */
export type Choice = {
  /** the sampler's; a person may have chosen another */
  token: number;
  label: string;
  /** of the token after all filters */
  prob: number;
  /** where the draw falls on the cumulative line */
  random: number;
  /** the token's stretch of that line */
  from: number;
  to: number;
  /** a person chose another token */
  forced: boolean;
  /** softmax, then every filter that is on */
  stages: Stage[];
  /** the highest scores, with the panel choice open */
  options?: Option[];
};

/** the distribution after a filter. */
export type Stage = {
  /** by its name in kvstep trace */
  filter: string;
  /** message choice.say.ID of a stage that drops nothing (or, greedy, all but one token) */
  say?: string;
  /** it changed what tokens are ranked by */
  scores?: boolean;
  /** tokens with a probability above 0 */
  possible: number;
  /** share of the probability before that those had */
  kept: number;
  /** of the options, with the panel choice open */
  probs?: number[];
};

/** a token that could be chosen. */
export type Option = {
  id: number;
  label: string;
  /** its stretch of the cumulative line */
  from: number;
  to: number;
  /** before and after the repetition penalty, where that changed it */
  logit?: [before: number, after: number];
};

/**
 * speculative decoding at the cursor: what the draft proposed in this pass and what became of it, and how it has
 * gone so far.
 */
export type Speculation = {
  draft: string;
  propose: number;
  /** the last rows of this pass */
  proposed?: Token[];
  /** head only, of each that was tested */
  verdicts?: Verdict[];
  /** head only: rows of proposals that stay in the cache */
  stays: number;
  /** head only: bytes of the rows that leave it after this step */
  left?: Integer;
  /** head only: the number that chose the token after them */
  random: number;
  /** head only: what the model added itself */
  token?: Token;
  /**
   * what that token came from: model (its own distribution), rest (max(0, p - q), after a rejection), person (a
   * person chose it) or proposal (nothing was drawn: that proposal ended the text).
   */
  draws?: string;
  /** what the draft paid for this pass */
  flops?: Integer;
  so_far: SoFar;
  /** of every recorded decode pass, how many of its rows stay */
  kept: number[];
};

/** has float32 digits: half the bytes, and more than is shown. */
export type Verdict = {
  /** its probability in the target's distribution */
  p: number;
  /** and in the draft's */
  q: number;
  random: number;
  accepted: boolean;
};

/** sums the decode passes up to the cursor whose head has run. */
export type SoFar = {
  /** of the model */
  passes: number;
  /** that they gave */
  tokens: number;
  /** by the draft */
  proposed: number;
  /** of those, none after a rejection */
  tested: number;
  /** of those */
  accepted: number;
  /** of those, behind the one that ended the text: they leave unsaid */
  over?: number;
  /**
   * (1 - a^(g+1)) / (1 - a) tokens a pass at the acceptance measured, a = accepted / tested (modelled); 0 before
   * anything was tested.
   */
  expected: number;
  /** FLOPs of the draft, pairs and logits as the recipe counts them */
  draft: Integer;
  /** FLOPs of the model for rows that left the cache again */
  rejected: Integer;
  /** all FLOPs of the model, of the cached lane if it runs */
  model: Integer;
};

/** what the policy did to the latest logits, up to the cursor. */
export type Effect = {
  pass: number;
  /** largest difference of a logit */
  max_delta: number;
  /** of the next-token distribution from the exact one, in nats */
  kl: number;
  /** the same choice from the exact logits */
  token: number;
  /** of that token */
  label: string;
  /** number of the first choice of the run that differs, from 0 */
  changed: number | null;
};

/** who else is in the pass, in a run of several sequences. */
export type Peers = {
  kind: PeersKind;
  /** whose step the frame shows */
  seq: number;
  /** whom the viewer asked for: where this pass does not have it, seq is another */
  pick: number;
  /** the sequences of the pass, in the order of their rows */
  pass: Peer[];
  /** rows of seq in every pass up to this one */
  fed: number[];
  /** where seq was preempted: of them, those that it had computed before */
  again?: number[];
  /** and the position at which they begin */
  from?: number[];
  /** sequences that use each block, by its number; 0: none of this pass */
  refs?: number[];
  /** bytes that all their caches take, what they share once */
  held?: Integer;
  /** what happened in this step, told at the first layer of a pass and at its head */
  events: PassEvent[];
};

/** one sequence of a pass. */
export type Peer = {
  seq: number;
  rows: number;
  cached: number;
  /** tokens */
  prompt: number;
  /** where one was chosen; of a beam its best continuation that stays */
  token?: number;
  /** generated so far */
  said: string;
  /** its blocks */
  table?: number[];
  /** those of them that are copies, made because two beams would write into one */
  copied?: number[];
};

/**
 * something that happened to one sequence in this step, by kind: join (prompt, waited), reuse (tokens of prompt were
 * found in the cache, saved), chunk (rows of the prompt were fed, tokens so far), leave (why, tokens), preempt (it
 * gave blocks with tokens back), recompute (rows that it had computed before, for paid; tokens so far), copy (block
 * from was copied to to), part (a beam is continued into so many), drop (it is not continued), finish (text, score,
 * why).
 */
export type PassEvent = {
  kind: EventKind;
  seq: number;
  tokens?: number;
  /** tokens */
  prompt?: number;
  rows?: number;
  /** passes */
  waited?: number;
  /** FLOPs, or MACs if those are counted */
  saved?: Integer;
  /** FLOPs, or MACs */
  paid?: Integer;
  blocks?: number[];
  /** block */
  from?: number;
  /** block */
  to?: number;
  /** beams */
  into?: number;
  why?: string;
  text?: string;
  score?: number;
};

/** a pass of a batch, and how far its requests have come. Before the first step everybody waits. */
export type Schedule = {
  requests: RequestProgress[];
  /** computed in this pass, of all sequences */
  rows: number;
  /** static: rows that a rectangle of the longest would have beside them */
  padded: number;
  /** slots without a sequence that still works */
  idle: number;
  /** from the first time on that somebody was preempted */
  recomputed?: Recomputed;
};

/** how far a request has come. */
export type RequestProgress = {
  /** one of the Request constants */
  state: string;
  /** pass */
  arrive: number;
  /** tokens */
  prompt: number;
  /** of them, found in blocks of others and not computed */
  reused: number;
  /** rows in this pass */
  rows: number;
  started: number;
  /** pass that gave its first token; -1: none yet */
  first: number;
  /** pass after which it left; -1: not yet */
  ended: number;
  chosen: number;
  /** why it ended, "" while it goes on */
  done: string;
  /** how often it gave its blocks back to others */
  preempted?: number;
  /** tokens that it has computed again so far */
  recomputed?: number;
  /** of its rows in this pass, those */
  recomputing?: number;
  /** generated so far */
  said: string;
};

/** what requests that were preempted have computed again so far: part of what the cached lane pays. */
export type Recomputed = {
  /** tokens */
  rows: number;
  /** or MACs if those are counted */
  flops: Integer;
};

/** the runs of a room that keeps several, or did. */
export type Branches = {
  /** the branch on screen */
  current: number;
  /** so many are kept; then the one that was on screen longest ago goes */
  most: number;
  /** bytes of the rows of all, shared ones once */
  held: Integer;
  /** the last one that had to go */
  gone?: EvictedBranch;
  /** beside the picture of an op there are only id, parent and compare.with */
  lean?: boolean;
  /** oldest first */
  list: Branch[];
  /** if the viewer asks for it */
  compare?: Compare;
};

/** a branch that had to go. */
export type EvictedBranch = {
  id: number;
  /** most: there may be so many; budget: their rows take so much memory */
  why: string;
};

/** one of them. Counts of 0 and empty texts are left out. */
export type Branch = {
  id: number;
  parent?: number;
  /** the head step at which it parts from its parent; 0: it has none */
  step?: number;
  /** generated tokens that they have in common */
  from?: number;
  /** what it says then */
  token?: string;
  /** and its parent */
  instead?: string;
  /** its policy, if that is another */
  cache?: string;
  /** the first of what it says from there on */
  text?: string;
  /** generated, as far as it was run */
  tokens?: number;
  cursor?: number;
  ended?: string;
  /** of its rows */
  bytes?: Integer;
  /** of those, bytes that other branches have too (the same memory) */
  shared?: Integer;
};

/** sets the branch on screen beside another, each as far as it has been run. */
export type Compare = {
  with: number;
  /** generated tokens that they have in common */
  same?: number;
  /** their text */
  common?: string;
  /** the branch on screen, and the other */
  sides?: Side[];
  /** the two tokens where they part */
  fork?: Rival[];
  /** the head steps in which they do, -1: one has not come so far */
  steps?: number[];
  /** totals after as many tokens as both have */
  even?: Outlays[];
  /** how many that is */
  tokens?: number;
};

/** one branch of two. */
export type Side = {
  id: number;
  /** the last recorded */
  step: number;
  /** after what they have in common */
  text: string;
  tokens: number;
  ended?: string;
  cache: string;
  /** totals at the last recorded step */
  paid: Outlays;
};

/** totals of both lanes, cached first; null where a lane does not run. */
export type Outlays = {
  flops: [cached: Integer | null, uncached: Integer | null];
  /** bytes of weights and cache */
  read: [cached: Integer | null, uncached: Integer | null];
  /** held by the cache */
  bytes: Integer;
  passes: number;
};

/** a token that one of them chose where they part. */
export type Rival = {
  id: number;
  label: string;
  /** its plain softmax probability in both; null where the logits of that place are not kept */
  probs: [here: number | null, there: number | null];
};

/** where the breakpoints are reached. */
export type Breaks = {
  /** those of the break command */
  points: string[];
  /**
   * [step, index into points] of the recorded steps that reached one, without those of token and layer:N, which
   * every pass reaches at the same place.
   */
  hits: [step: number, point: number][];
  /** what is reached at the cursor */
  here: Hit[];
};

/** a breakpoint that is reached, and by what. */
export type Hit = {
  point: string;
  /** attend: the query head */
  head?: number;
  /** attend: its position */
  query?: number;
  /** attend: the probability it gives */
  prob?: number;
  /** cache: held by the cache */
  bytes?: Integer;
  /** top: label of the likeliest token before */
  before?: string;
  /** top: and here */
  now?: string;
};

/** how the picture of one head travels, where not all of it has its digits. */
export type Attention = {
  /**
   * of Q and out, where they have 2,048 numbers or more and nobody reads them (`table` is not open): then each is a
   * picture only (U8), value = (u8 - 128)/127 x max. A cell that is picked is told exactly.
   */
  max: Record<string, number>;
};

/** a layer as the lane without a cache ran it: every token is a row. */
export type Without = {
  /** whose layer it is: `pick.from`, and in a run without the cached lane the latest that ran the layer */
  step: number;
  /** that the lane ran */
  rows: number;
  /** of them, the first ones, which the cached lane had already */
  cached: number;
  /**
   * the positions of the rows that travel, where there are more than 128: multiples of a power of two, and the
   * newest.
   */
  shown?: number[];
  source: WithoutSource;
  /**
   * the tensors of this head, of Q, scores, probs and out, whose new rows are not those of the cached lane: a number
   * is another one, or the cache had evicted its key. None where both lanes are equal, or only one is known.
   */
  differs?: string[];
  /** of the tensors that are only a picture (U8), by their names: value = (u8 - 128)/127 x max. */
  max?: Record<string, number>;
};

/** the op that is looked at, with the tensors that the frame has of it. */
export type Op = {
  id: string;
  kind: Kind;
  inputs: Input[];
};

/** what an op reads. */
export type Input = {
  op: string;
  rows: number;
  cols: number;
  /** its numbers do not travel, see /weights */
  weight: boolean;
  /** first row of a weight matrix, or number of a bias, that is this head's */
  first: number;
  /** the op sums down its columns */
  down: boolean;
  /** there when the tensor is only a picture (U8): value = (u8 - 128)/127 x max. */
  max?: number;
};

/** one explanation and the way that led to it. */
export type Explain = {
  step: number;
  op: string;
  head: number;
  row: number;
  col: number;
  /** left out: the lane that the step is of */
  lane?: Lane;
  kind: Kind;
  /** of the tensor that the cell is in */
  rows: number;
  cols: number;
  /** the number that the run holds */
  value: string;
  masked?: boolean;
  sum?: Sum;
  calc?: Calc[];
  /** every cell that was read */
  reads: Read[];
  /** the id whose embedding was looked up */
  token?: number;
  /**
   * the step that computed the row first, where it stands for one that the uncached lane has computed again: the
   * step of the cell has compared both lanes, and they are equal bit for bit.
   */
  first?: number;
  /**
   * the step that evicted the cell's row of the cache, or the key of its pair before that query came: the number is
   * what the cache would have, and nothing in this step read it.
   */
  evicted?: number;
  /** says that the arithmetic gave Value, bit for bit. */
  exact: boolean;
  /** each head has an op of its own; else head means nothing */
  per_head: boolean;
  /** of ops that a K/V head has for its whole group */
  kv_head?: number;
  at: CellLabels;
  /** the way; the last is this cell */
  trail: Crumb[];
  /** the same cell in the other lane, where that has it */
  other?: Ref;
  /** every step that a ref names, by its number */
  steps: Record<number, StepName>;
};

/**
 * a sum of many terms in the order of mat.Dot: term i is added to lane i mod 16, then the lanes are added in pairs,
 * l and l+8, l+4, l+2, l+1.
 */
export type Sum = {
  /** a term is "mul": a x b, "exp": exp(a - max), b is a - max, or "square": b x b, b is a - mean */
  fn: string;
  n: number;
  value: string;
};

/** one operation of float32 numbers. The last one gives the cell. */
export type Calc = {
  /** of its result; later operations refer to it */
  name: string;
  /**
   * add sub mul div neg sqrt exp copy, max and mean (of all terms), sees (is arg 0 at most arg 1?), code (the
   * nearest whole number from 0 to arg 1)
   */
  fn: string;
  args: Arg[];
  value: string;
};

/** an operand: a cell (Ref), an earlier result or a constant (Name). */
export type Arg = {
  name?: string;
  ref?: Ref;
  value: string;
};

/** one cell that was read, or n side by side. */
export type Read = {
  step: number;
  op: string;
  head: number;
  row: number;
  col: number;
  /** left out: the lane that the step is of */
  lane?: Lane;
  /** "row": columns Col.. of one row; "col": rows Row.. of one column */
  along?: string;
  n?: number;
  /** the step that put a row of the cache there, for cells of one such row. */
  stored?: number;
  /** of the first cell */
  at: CellLabels;
};

/**
 * what a cell's row and column are to people: a position in the text or the label of a token id; what is neither is
 * left out.
 */
export type CellLabels = {
  row_pos?: number;
  col_pos?: number;
  row?: string;
  col?: string;
};

/** a cell of the way. */
export type Crumb = {
  step: number;
  op: string;
  head: number;
  row: number;
  col: number;
  /** left out: the lane that the step is of */
  lane?: Lane;
  value: string;
  at: CellLabels;
};

/** what a step is called. */
export type StepName = {
  pass: number;
  phase: Phase;
  /** null for the head */
  layer: number | null;
  cached: number;
};

/** the whole KV cache in short. */
export type Cache = {
  /** positions held, by layer */
  lens: number[];
  /** positions before this pass */
  before: number;
  /** held under the cache policy */
  bytes: Integer;
  /** of that policy */
  bytes_per_token: Integer;
  /** positions that the run may need */
  capacity: number;
  /** what 255 stands for in cache_k */
  max_k: number;
  /** and in cache_v */
  max_v: number;
};

/** what the cache takes under its policy, and what the policy did in this step. What is wasted is allocated - used. */
export type Use = {
  /** as kvstep trace --cache reads it */
  policy: string;
  /** bytes held of the machine's memory */
  allocated: Integer;
  /** bytes of them that are rows */
  used: Integer;
  /** bytes; 0: no limit */
  budget?: Integer;
  /** tokens that the budget has room for, predicted from the shape */
  fits?: number;
  /** paged: the block of each few tokens */
  table?: number[];
  /** paged: sequences that use each of them */
  refs?: number[];
  /** paged: blocks given back */
  free?: number[];
  /** paged: blocks that the table did not have the step before */
  taken?: number[];
  /** paged: blocks that it has no more */
  given?: number[];
  /** groups along tokens: tokens that have their K in codes */
  settled?: number;
  /** those that got them just before this step, from and to */
  coded?: [from: number, to: number];
  /** largest error of a quantised row: what 255 stands for in cache_error */
  max_error?: number;
  /** how many bytes more were needed, where memory ended the run. */
  want?: Integer;
  /** how far other ways to keep the cache go in the same budget */
  ways?: Alternative[];
};

/** a run of the same prompt within the same budget, kept otherwise. */
export type Alternative = {
  /** if it is another one */
  model?: string;
  cache: string;
  /** tokens, predicted */
  fits: number;
  /** tokens of the whole run */
  whole: number;
};

/** the run as a chart of points, of which history_paid and history_ahead have the numbers. */
export type History = {
  /** flops, or kv, read, time with history-kv, history-read, history-time */
  metric: string;
  /** what a point is: pass, or step with history-step */
  by: string;
  /** each point sums all points up to it (history-total) */
  total: boolean;
  /**
   * how many there are in the run ahead (in a run whose passes may add any number of tokens: how many are recorded).
   */
  points: number;
  /** how many of them are prefill */
  first: number;
  /** the last one paid for is complete at the cursor */
  whole: boolean;
  /**
   * tells that history_ahead has two numbers for each pass instead of its points: what each layer's step adds, the
   * same in all layers, and what the head's does.
   */
  parts?: boolean;
  /** the points are the running sums of these */
  sums?: boolean;
  /** the points of which the uncached lane ran not all, so that it was counted: each from one to before another. */
  counted?: [from: number, to: number][];
  /** how the time ahead is modelled, by lane; of the metric time only. */
  fit?: Partial<Record<LaneName, TimeFit>>;
};

/**
 * models the seconds of a step by what this run itself measured: seconds = FLOPs / rate + fixed, by least squares
 * over the steps so far, without those that were far too late.
 */
export type TimeFit = {
  /** FLOPs a second */
  rate: number;
  /** seconds of any step, however small: calls, and weights that must be read */
  fixed: number;
  /** that it was fitted to */
  steps: number;
  /** steps left out: they took far longer, as when the machine was busy */
  left: number;
};

/** every head's attention in this pass, of which heads and head_hints have the numbers. */
export type Heads = {
  /** each cell is the largest of by x by probabilities */
  by: number;
  /** the step of each layer in this pass; null where it has not run yet */
  from: (number | null)[];
};

/** how far a beam search has come, at the latest head step up to the cursor. */
export type Beams = {
  /** texts that ended, best first */
  finished: Finished[];
  /** the answer's place when the search is over, else -1 */
  best: number;
  /** beams of each pass, with the panel beams open */
  passes?: number[];
  /** of the tree's tokens, by id */
  labels?: Record<number, string>;
};

/** a text that ended. */
export type Finished = {
  text: string;
  tokens: number;
  /** of its tokens' log-probabilities */
  sum: number;
  /** sum / length^penalty */
  score: number;
  /** eos or max-new */
  done: string;
  /** of the tree, at which it ends (nodes are numbered pass by pass) */
  node?: number;
};
