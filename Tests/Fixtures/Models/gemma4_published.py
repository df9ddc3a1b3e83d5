"""Writes gemma4_published.json: config.json as Gemma 4 is published with it (text part; towers left out), and what
transformers 5.23.0 builds from it: the number of its tensors and of all numbers in them, and every layer's shape.

python gemma4_published.py
"""
import json
import pathlib

import torch
from transformers import AutoModelForCausalLM
from transformers.models.gemma4.configuration_gemma4 import Gemma4Config
from transformers.models.gemma4_unified.configuration_gemma4_unified import Gemma4UnifiedConfig

COMMON = {
    "vocab_size": 262144, "head_dim": 256, "global_head_dim": 512, "hidden_activation": "gelu_pytorch_tanh",
    "rms_norm_eps": 1e-06, "final_logit_softcapping": 30.0, "attention_bias": False, "attention_dropout": 0.0,
    "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0, "initializer_range": 0.02, "use_cache": True,
    "dtype": "bfloat16", "tie_word_embeddings": True,
    "rope_parameters": {
        "full_attention": {"partial_rotary_factor": 0.25, "rope_theta": 1000000.0, "rope_type": "proportional"},
        "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"},
    },
}
SMALL = {
    "sliding_window": 512, "max_position_embeddings": 131072, "hidden_size_per_layer_input": 256,
    "vocab_size_per_layer_input": 262144, "num_global_key_value_heads": None, "attention_k_eq_v": False,
    "enable_moe_block": False, "use_bidirectional_attention": None,
}
LARGE = {
    "sliding_window": 1024, "max_position_embeddings": 262144, "attention_k_eq_v": True, "num_kv_shared_layers": 0,
    "use_double_wide_mlp": False, "use_bidirectional_attention": "vision",
}
DENSE = {"hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 262144, "enable_moe_block": False}


def text(size, hidden, intermediate, layers, heads, kv_heads, period, **more):
    kinds = ["sliding_attention" if (i + 1) % period else "full_attention" for i in range(layers)]
    return {
        **COMMON, **size, "hidden_size": hidden, "intermediate_size": intermediate, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": kv_heads, "layer_types": kinds, **more,
    }


MODELS = {
    "gemma-4-E2B": text(SMALL, 1536, 6144, 35, 8, 1, 5, num_kv_shared_layers=20, use_double_wide_mlp=True),
    "gemma-4-E4B": text(SMALL, 2560, 10240, 42, 8, 2, 6, num_kv_shared_layers=18, use_double_wide_mlp=False),
    "gemma-4-12B": text(LARGE, 3840, 15360, 48, 16, 8, 6, num_global_key_value_heads=1),
    "gemma-4-31B": text({**LARGE, **DENSE}, 5376, 21504, 60, 32, 16, 6, num_global_key_value_heads=4),
    "gemma-4-26B-A4B": text(
        {**LARGE, **DENSE}, 2816, 2112, 30, 16, 8, 6, num_global_key_value_heads=2, enable_moe_block=True,
        num_experts=128, top_k_experts=8, moe_intermediate_size=704),
}

rows = []
for name, part in MODELS.items():
    model_type = "gemma4_unified" if name.endswith("12B") else "gemma4"
    config = {
        "model_type": model_type, "tie_word_embeddings": True, "boi_token_id": 255999, "eoi_token_id": 258882,
        "image_token_id": 258880, "audio_token_id": 258881, "video_token_id": 258884, "eos_token_id": [1, 106],
        "vision_config": None, "audio_config": None, "text_config": {"model_type": model_type + "_text", **part},
    }
    cls = Gemma4UnifiedConfig if model_type == "gemma4_unified" else Gemma4Config
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(cls.from_dict(json.loads(json.dumps(config))))
    body = model.model.language_model
    stored, layers = {}, []
    for key, value in model.state_dict().items():
        if key != "lm_head.weight":  # tied
            stored[key] = value.numel()
    for index, layer in enumerate(body.layers):
        attention, source = layer.self_attn, index
        if attention.is_kv_shared_layer:
            source = max(
                i for i, mode in enumerate(body.config.kv_sharing_modes)
                if mode == "store" and body.config.layer_types[i] == attention.layer_type)
        layers.append([
            "F" if not attention.is_sliding else "S", attention.head_dim,
            body.config.num_attention_heads // attention.num_key_value_groups, layer.mlp.intermediate_size, source])
    rows.append({
        "name": name, "config": config, "tensors": len(stored), "numbers": sum(stored.values()), "layers": layers})

text = "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n"
pathlib.Path(__file__).with_name("gemma4_published.json").write_text(text)
