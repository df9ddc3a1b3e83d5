#!/usr/bin/env python3
"""Writes published.json: config.json in the shapes in which Gemma 1 to 3 are published, each with what transformers
derives from it (AutoConfig, 5.23.0). The shapes: every key written out (Gemma 1, 2, the text models of 3), a class's
defaults left to it (the wrappers of 3), and what transformers 5 saves."""
import json, os, tempfile
import transformers

BASE = {"attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 2, "eos_token_id": 1, "initializer_range": 0.02,
        "pad_token_id": 0, "rms_norm_eps": 1e-06, "use_cache": True}


def gemma1(hidden, inner, layers, heads, kv, **more):
    return dict(BASE, architectures=["GemmaForCausalLM"], model_type="gemma", head_dim=256, hidden_size=hidden,
                intermediate_size=inner, max_position_embeddings=8192, num_attention_heads=heads, num_hidden_layers=layers,
                num_key_value_heads=kv, rope_theta=10000.0, vocab_size=256000, torch_dtype="bfloat16",
                transformers_version="4.38.0.dev0", **more)


def gemma2(hidden, inner, layers, heads, kv, dim, scalar):
    return dict(BASE, architectures=["Gemma2ForCausalLM"], model_type="gemma2", attn_logit_softcapping=50.0,
                cache_implementation="hybrid", final_logit_softcapping=30.0, head_dim=dim, hidden_act="gelu_pytorch_tanh",
                hidden_activation="gelu_pytorch_tanh", hidden_size=hidden, intermediate_size=inner,
                max_position_embeddings=8192, num_attention_heads=heads, num_hidden_layers=layers, num_key_value_heads=kv,
                query_pre_attn_scalar=scalar, rope_theta=10000.0, sliding_window=4096, sliding_window_size=4096,
                torch_dtype="float32", transformers_version="4.42.0.dev0", vocab_size=256000, _attn_implementation="eager")


def gemma3_text(hidden, inner, layers, **more):
    return dict(BASE, architectures=["Gemma3ForCausalLM"], model_type="gemma3_text", attn_logit_softcapping=None,
                final_logit_softcapping=None, head_dim=256, hidden_activation="gelu_pytorch_tanh", hidden_size=hidden,
                intermediate_size=inner, max_position_embeddings=32768, num_attention_heads=4, num_hidden_layers=layers,
                num_key_value_heads=1, query_pre_attn_scalar=256, rope_local_base_freq=10000, rope_scaling=None,
                rope_theta=1000000, sliding_window=512, torch_dtype="bfloat16", vocab_size=262144, **more)


def gemma3_wrapper(**text):
    vision = {"hidden_size": 1152, "image_size": 896, "intermediate_size": 4304, "model_type": "siglip_vision_model",
              "num_attention_heads": 16, "num_hidden_layers": 27, "patch_size": 14, "vision_use_head": False}
    return {"architectures": ["Gemma3ForConditionalGeneration"], "boi_token_index": 255999, "eoi_token_index": 256000,
            "eos_token_id": [1, 106], "image_token_index": 262144, "initializer_range": 0.02, "mm_tokens_per_image": 256,
            "model_type": "gemma3", "text_config": dict(text, model_type="gemma3_text", sliding_window=1024,
                                                        rope_scaling={"factor": 8.0, "rope_type": "linear"}),
            "torch_dtype": "bfloat16", "transformers_version": "4.50.0.dev0", "vision_config": vision}


def saved_by_5(config):
    with tempfile.TemporaryDirectory() as folder:
        json.dump(config, open(folder + "/config.json", "w"))
        loaded = transformers.AutoConfig.from_pretrained(folder)
        loaded.save_pretrained(folder)
        return json.load(open(folder + "/config.json"))


CONFIGS = {
    "gemma-2b": gemma1(2048, 16384, 18, 8, 1, hidden_act="gelu", rope_scaling=None),
    "gemma-7b": gemma1(3072, 24576, 28, 16, 16, hidden_act="gelu", hidden_activation=None, rope_scaling=None),
    "gemma-1.1-2b-it": gemma1(2048, 16384, 18, 8, 1, hidden_act="gelu_pytorch_tanh", hidden_activation="gelu_pytorch_tanh"),
    "gemma-2-2b": gemma2(2304, 9216, 26, 8, 4, 256, 256),
    "gemma-2-9b": gemma2(3584, 14336, 42, 16, 8, 256, 256),
    "gemma-2-27b": gemma2(4608, 36864, 46, 32, 16, 128, 144),
    "gemma-3-270m": gemma3_text(640, 2048, 18, _sliding_window_pattern=6, use_bidirectional_attention=False,
                                layer_types=["full_attention" if i % 6 == 5 else "sliding_attention" for i in range(18)],
                                transformers_version="4.55.0.dev0"),
    "gemma-3-1b": gemma3_text(1152, 6912, 26, sliding_window_pattern=6, cache_implementation="hybrid",
                              transformers_version="4.50.0.dev0"),
    "gemma-3-4b": gemma3_wrapper(hidden_size=2560, intermediate_size=10240, num_hidden_layers=34),
    "gemma-3-12b": gemma3_wrapper(hidden_size=3840, intermediate_size=15360, num_attention_heads=16, num_hidden_layers=48,
                                  num_key_value_heads=8),
    "gemma-3-27b": gemma3_wrapper(head_dim=128, hidden_size=5376, intermediate_size=21504, num_attention_heads=32,
                                  num_hidden_layers=62, num_key_value_heads=16, query_pre_attn_scalar=168),
}
for name in ("gemma-7b", "gemma-2-27b", "gemma-3-1b", "gemma-3-27b"):
    CONFIGS[name + ", saved by transformers 5"] = saved_by_5(CONFIGS[name])


def derived(config):
    with tempfile.TemporaryDirectory() as folder:
        json.dump(config, open(folder + "/config.json", "w"))
        whole = transformers.AutoConfig.from_pretrained(folder)
    text = whole.get_text_config()
    kinds = getattr(text, "layer_types", None) or ["full_attention"] * text.num_hidden_layers
    ropes = text.rope_parameters
    ropes = ropes if "full_attention" in ropes else {"full_attention": ropes, "sliding_attention": ropes}
    eos = whole.eos_token_id if getattr(whole, "eos_token_id", None) is not None else text.eos_token_id
    return {"vocab_size": text.vocab_size, "hidden_size": text.hidden_size, "intermediate_size": text.intermediate_size,
            "layers": "".join(k[0].upper() for k in kinds), "query_heads": text.num_attention_heads,
            "key_value_heads": text.num_key_value_heads, "head_dim": text.head_dim, "eps": text.rms_norm_eps,
            "context": text.max_position_embeddings, "scale": getattr(text, "query_pre_attn_scalar", text.head_dim),
            "window": getattr(text, "sliding_window", None), "attention_cap": getattr(text, "attn_logit_softcapping", None),
            "final_cap": getattr(text, "final_logit_softcapping", None), "ties": whole.tie_word_embeddings,
            "eos": eos if isinstance(eos, list) else [eos],
            "full_rope": [ropes["full_attention"]["rope_theta"], ropes["full_attention"].get("factor", 1)],
            "sliding_rope": [ropes["sliding_attention"]["rope_theta"], ropes["sliding_attention"].get("factor", 1)]}


if __name__ == "__main__":
    rows = [{"name": name, "config": config, "derived": derived(config)} for name, config in CONFIGS.items()]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "published.json")
    open(path, "w").write("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
