package hf

import (
	"maps"
	"slices"
)

// classTable are the defaults of transformers' configuration classes, by model_type: of
// the fields that are read here. A field that is null there is left out.
var classTable = map[string]string{
	"llama": `{"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
		"max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000}`,
	"mistral": `{"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
		"num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "rope_theta": 10000, "sliding_window": 4096}`,
	"mixtral": `{"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
		"num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 1000000,
		"num_experts_per_tok": 2, "num_local_experts": 8}`,
	"phi3": `{"vocab_size": 32064, "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32, "num_attention_heads": 32,
		"max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 10000}`,
	"qwen2": `{"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "num_attention_heads": 32,
		"num_key_value_heads": 32, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 10000,
		"use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28}`,
	"qwen3": `{"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "num_attention_heads": 32,
		"num_key_value_heads": 32, "head_dim": 128, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 10000,
		"use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28}`,
	"qwen3_moe": `{"vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 24, "num_attention_heads": 32,
		"num_key_value_heads": 4, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 10000,
		"use_sliding_window": false, "sliding_window": 4096,
		"decoder_sparse_step": 1, "moe_intermediate_size": 768, "num_experts_per_tok": 8, "num_experts": 128}`,
	"gemma": `{"vocab_size": 256000, "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28, "num_attention_heads": 16,
		"num_key_value_heads": 16, "head_dim": 256, "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "rope_theta": 10000,
		"tie_word_embeddings": true}`,
	"gemma2": `{"vocab_size": 256000, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8,
		"num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "rope_theta": 10000,
		"tie_word_embeddings": true, "sliding_window": 4096, "attn_logit_softcapping": 50, "final_logit_softcapping": 30}`,
	"gemma3":      gemma3,
	"gemma3_text": gemma3,
	"deepseek_v2": `{"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
		"max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000, "first_k_dense_replace": 0,
		"kv_lora_rank": 512, "q_lora_rank": 1536, "n_routed_experts": 64, "n_shared_experts": 2, "qk_nope_head_dim": 128,
		"qk_rope_head_dim": 64, "v_head_dim": 128, "moe_intermediate_size": 1407, "topk_method": "greedy"}`,
	"deepseek_v3": `{"vocab_size": 129280, "hidden_size": 7168, "intermediate_size": 18432, "num_hidden_layers": 61, "num_attention_heads": 128,
		"num_key_value_heads": 128, "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000, "first_k_dense_replace": 3,
		"kv_lora_rank": 512, "q_lora_rank": 1536, "n_routed_experts": 256, "n_shared_experts": 1, "qk_nope_head_dim": 128,
		"qk_rope_head_dim": 64, "v_head_dim": 128, "moe_intermediate_size": 2048, "num_experts_per_tok": 8, "topk_method": "noaux_tc"}`,
	"gpt2": `{"vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "layer_norm_epsilon": 1e-5,
		"activation_function": "gelu_new", "tie_word_embeddings": true}`,
	"opt": `{"vocab_size": 50272, "hidden_size": 768, "ffn_dim": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
		"max_position_embeddings": 2048, "activation_function": "relu", "do_layer_norm_before": true, "enable_bias": true,
		"layer_norm_elementwise_affine": true, "tie_word_embeddings": true}`,
}

const gemma3 = `{"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8,
	"num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "rope_theta": 1000000,
	"tie_word_embeddings": true, "sliding_window": 4096, "sliding_window_pattern": 6}`

// inner is the class of a text model that does not say its own, by what is around it.
var inner = map[string]string{"gemma3": "gemma3_text", "llava": "llama", "llava_next": "llama", "mistral3": "mistral"}

// Classes returns the model types that are known here.
func Classes() []string { return slices.Sorted(maps.Keys(classTable)) }
