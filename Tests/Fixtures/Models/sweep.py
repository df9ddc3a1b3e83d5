#!/usr/bin/env python3
"""Compares the engine with transformers (float32, eager) on seeded random tiny checkpoints of every generation.

usage: sweep.py [--kind KIND]... [--seeds 0:50] [--tool PATH] [--keep DIR]

Case (kind, seed) is always the same checkpoint: random head counts and dimensions, windows, layer patterns, rope bases
and scalings, vocabularies, caps, spellings of config.json, element types, shards and prompts of 1 to 300 tokens. Its
files are written, then loaded by transformers and by the tool, which is `lapidary` or anything that takes
DIR --tokens 1,2,3 --max N and prints the same JSON. Compared are the last logits (1e-4, relative to values above 1, or
10 times what rounding does to transformers' own), the mean NLL (a tenth of that) and 16 greedy tokens (until
transformers' best two are too close to tell). Both may refuse a case; one alone is a finding, and so is a difference.
Needs transformers 5.23.0, as make_tiny.py does.
"""
import argparse, collections, json, os, random, shutil, subprocess, sys, tempfile
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_tiny
import torch, transformers
from safetensors.torch import load_file, save_file

transformers.utils.logging.disable_progress_bar()
S, F = "sliding_attention", "full_attention"
SIGLIP = dict(model_type="siglip_vision_model", hidden_size=32, intermediate_size=48, num_hidden_layers=1,
              num_attention_heads=2, image_size=32, patch_size=8, vision_use_head=False)
VISION4 = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2,
               head_dim=16, patch_size=4, position_embedding_size=16, pooling_kernel_size=2)


class Case:
    """config and cls make the model; rewrite changes config.json, rename the tensors' names, before anyone reads them."""
    def __init__(self, config, cls, rewrite=None, rename=None, truth=None, tokens_below=None):
        self.config, self.cls, self.rewrite, self.rename = config, cls, rewrite, rename
        self.truth = truth                  # (class, config.json) to load instead, where transformers needs more packages
        self.tokens_below = tokens_below


# ------------------------------------------------------------------------------------------------ random parts
def common(r):
    heads, kv = r.choice([(1, 1), (2, 1), (4, 1), (4, 2), (4, 4), (6, 3), (6, 2), (8, 4), (8, 1), (12, 4), (16, 16), (3, 1)])
    hidden = r.choice([h for h in (12, 24, 36, 48, 60, 64, 72, 96, 100, 112, 144, 208, 240) if h % heads == 0])
    return dict(vocab_size=r.choice([300, 301, 512, 528, 1000, 1777]), hidden_size=hidden,
                intermediate_size=r.choice([17, 33, 64, 96, 136, 257]), num_attention_heads=heads,
                num_key_value_heads=kv, head_dim=r.choice([2, 4, 8, 10, 16, 24, 32, 40, 64, 128, 256]),
                rms_norm_eps=r.choice([1e-6, 1e-6, 1e-5, 1e-3]), max_position_embeddings=r.choice([512, 4096, 131072]),
                pad_token_id=0, bos_token_id=2, eos_token_id=r.choice([1, [1, 106]]),
                tie_word_embeddings=r.random() < 0.8)


def theta(r): return r.choice([10_000.0, 1_000_000.0, 500000, 100.0, 7.5, 10_000])
def factor(r): return r.choice([1.0, 1.5, 2, 4.0, 8.0, 32])
def window(r): return r.choice([1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64])
def kinds(r, count): return [r.choice([S, F]) for _ in range(count)]
def linear(r): return dict(rope_type="linear", factor=factor(r))
def cap(r): return r.choice([None, 1.0, 4.0, 30.0, 50.0])


def without_theta(rope):
    """What rope_scaling held in transformers 4: nothing for rope_type default."""
    return {k: v for k, v in rope.items() if k != "rope_theta"} if rope["rope_type"] == "linear" else None


def old_type(r, scaling):
    """The spelling of transformers 4: `type` alone or both."""
    if not scaling or r.random() < 0.5: return scaling
    scaling = dict(scaling, type=scaling["rope_type"])
    if r.random() < 0.5: scaling.pop("rope_type")
    return scaling


def leave_out_defaults(r, config, cls):
    """Drops some of the keys whose values are their class's defaults."""
    defaults = cls().to_dict()
    for key in list(config):
        if key != "model_type" and key in defaults and config[key] == defaults[key] and r.random() < 0.5: del config[key]


def add_harmless(r, config):
    for key, value in [("use_cache", False), ("attention_dropout", 0.1), ("initializer_range", 1.0), ("torch_dtype", "float16"),
                       ("_name_or_path", "a/b"), ("transformers_version", "4.38.0"), ("architectures", None)]:
        if r.random() < 0.1: config[key] = value


CLASSES = [transformers.GemmaConfig, transformers.Gemma2Config, transformers.Gemma3TextConfig, transformers.Gemma3nTextConfig,
           transformers.Gemma4TextConfig, transformers.Gemma4UnifiedTextConfig]
KEYS = sorted({key for cls in CLASSES for key in cls().to_dict()} - {"model_type", "transformers_version"} | {
    "hidden_act", "rope_theta", "rope_scaling", "rope_local_base_freq", "partial_rotary_factor", "sliding_window_pattern",
    "is_causal", "global_head_dim", "num_global_key_value_heads", "mlp_bias", "image_token_id", "audio_token_id",
    "tie_last_hidden_states", "original_max_position_embeddings", "quantization_config", "hidden_activation"})
ROPES = [{}, {"rope_type": "default"}, {"type": "linear", "factor": 2.0}, {"rope_type": "linear", "factor": 2.0},
         {"rope_type": "linear"}, {"rope_type": "default", "factor": 2.0}, {"rope_type": "dynamic", "factor": 2.0},
         {"rope_type": "yarn", "factor": 2.0}, {"rope_type": "proportional", "partial_rotary_factor": 0.5},
         {"rope_type": "default", "partial_rotary_factor": 0.5}, {"rope_theta": 123.0}, {"rope_type": "default", "rope_theta": 55},
         {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}]


def mutate(r, j):
    """One or two changes that nobody planned; whatever runs after them must still agree."""
    for _ in range(r.randint(1, 2)):
        text = j.get("text_config", j)
        target = j if r.random() < 0.15 else text
        key = r.choice(["rope_parameters", "rope_scaling", "rope_theta"] if r.random() < 0.15 else KEYS)
        count = text.get("num_hidden_layers", 1)
        value = r.choice(["delete", None, False, True, 0, 1, 2, 3, 7, 0.5, 2.5, 30.0, "gelu", [], {}, "rope", "ropes", "layers"])
        if key.startswith("rope_") and key != "rope_theta": value = r.choice(["rope", "rope", "ropes", None])
        if value == "delete": target.pop(key, None); continue
        if value == "rope": value = dict(r.choice(ROPES))
        if value == "ropes": value = {k: dict(r.choice(ROPES)) for k in r.choice([(S, F), (S,), (F,)])}
        if value == "layers": value = r.choice([kinds(r, count), [0.5] * count, [3] * count])
        target[key] = value


# -------------------------------------------------------------------------------------------------- generations
def gemma(r):
    c = common(r)
    c.update(num_hidden_layers=r.randint(1, 6))
    rope = dict(rope_theta=theta(r), **(linear(r) if r.random() < 0.4 else dict(rope_type="default")))
    c["rope_parameters"] = dict(rope)
    if r.random() < 0.5: c["hidden_size"] = r.choice([33, 50, 77, 98])      # need not be a multiple of the heads

    def rewrite(j):
        shared_rope(r, j, rope)
        if r.random() < 0.5: j["hidden_act"] = "gelu"
        if r.random() < 0.3: j["hidden_activation"] = r.choice([None, "gelu_pytorch_tanh"])
        if r.random() < 0.1: j["layer_types"] = [F] * c["num_hidden_layers"]
        leave_out_defaults(r, j, transformers.GemmaConfig); add_harmless(r, j)
    return Case(transformers.GemmaConfig(**c), transformers.GemmaForCausalLM, rewrite, bare(r))


def shared_rope(r, j, rope):
    """Spells the one rope of Gemma 1 and 2 as transformers 5 or as 4 does."""
    if r.random() < 0.5: return
    j.pop("rope_parameters")
    j["rope_theta"] = rope["rope_theta"]
    j["rope_scaling"] = old_type(r, without_theta(rope))
    if rope["rope_type"] == "linear" and r.random() < 0.3: j["rope_scaling"]["rope_theta"] = j.pop("rope_theta")


def bare(r):
    """Now and then the names of the body without its head."""
    if r.random() < 0.9: return None
    return lambda name: name.removeprefix("model.")


def gemma2(r):
    c = common(r)
    n = r.randint(1, 7)
    rope = dict(rope_theta=theta(r), **(linear(r) if r.random() < 0.4 else dict(rope_type="default")))
    types = r.choice([None, kinds(r, n), [S] * n, [F] * n])
    c.update(num_hidden_layers=n, sliding_window=window(r), layer_types=types, rope_parameters=dict(rope),
             query_pre_attn_scalar=r.choice([c["head_dim"], 1, 24, 144, 256]), attn_logit_softcapping=cap(r),
             final_logit_softcapping=cap(r))

    def rewrite(j):
        shared_rope(r, j, rope)
        if types is None and r.random() < 0.5: j.pop("layer_types")
        if r.random() < 0.3: j.update(sliding_window_size=j["sliding_window"], cache_implementation="hybrid")
        leave_out_defaults(r, j, transformers.Gemma2Config); add_harmless(r, j)
    return Case(transformers.Gemma2Config(**c), transformers.Gemma2ForCausalLM, rewrite, bare(r))


def text3(r):
    c = common(r)
    n = r.randint(1, 9)
    full = dict(rope_theta=theta(r), **(linear(r) if r.random() < 0.5 else dict(rope_type="default")))
    sliding = dict(rope_theta=theta(r), **(linear(r) if r.random() < 0.1 else dict(rope_type="default")))
    period = r.choice([None, None, 6, 2, 3, 1])
    types = [F if (i + 1) % period == 0 else S for i in range(n)] if period else kinds(r, n)
    c.update(num_hidden_layers=n, sliding_window=window(r), layer_types=types,
             rope_parameters={F: dict(full), S: dict(sliding)},
             query_pre_attn_scalar=r.choice([c["head_dim"], 1, 24, 168, 256]))

    def rewrite(j):
        if period and r.random() < 0.7:
            for key in ("layer_types", "_sliding_window_pattern"): j.pop(key, None)
            if period != 6 or r.random() < 0.5: j["sliding_window_pattern"] = period
        if sliding["rope_type"] == "default" and r.random() < 0.5:
            j.pop("rope_parameters")
            j["rope_theta"], j["rope_local_base_freq"] = full["rope_theta"], sliding["rope_theta"]
            j["rope_scaling"] = without_theta(full)
            if j["rope_scaling"] and r.random() < 0.3: j["rope_scaling"]["type"] = "linear"
        leave_out_defaults(r, j, transformers.Gemma3TextConfig); add_harmless(r, j)
    return c, rewrite


def gemma3(r):
    c, rewrite = text3(r)
    return Case(transformers.Gemma3TextConfig(**c), transformers.Gemma3ForCausalLM, rewrite, bare(r))


def gemma3_wrapper(r):
    c, inner = text3(r)
    image = r.choice([12, 12, c["vocab_size"] - 1, c["vocab_size"] + 5])
    config = transformers.Gemma3Config(
        text_config=c, vision_config=SIGLIP, mm_tokens_per_image=4, boi_token_index=10, eoi_token_index=11,
        image_token_index=image, tie_word_embeddings=c["tie_word_embeddings"])
    published = r.random() < 0.6

    def rename(name):
        if name.startswith("language_model.model.") or not published: return name
        return name.replace("model.language_model.", "language_model.model.").replace("model.vision", "vision").replace(
            "model.multi_modal", "multi_modal")

    def rewrite(j): inner(j["text_config"]); add_harmless(r, j)
    return Case(config, transformers.Gemma3ForConditionalGeneration, rewrite, rename)


def text3n(r):
    c = common(r)
    n = r.randint(2, 8)
    shared = r.choice([0, 0, 1, 2, n // 2])
    types = r.choice([kinds(r, n), [S] * n, [S if (i + 1) % 5 else F for i in range(n)]])
    while shared and set(types[:n - shared]) != set(types): shared -= 1
    inputs = r.choice([2, 3, 4, 4, 5])
    sizes = c["intermediate_size"] = r.choice([17, 64, 96])
    if r.random() < 0.2: sizes = [r.choice([17, 33, 64]) for _ in range(n)]
    below = r.choice([c["vocab_size"], c["vocab_size"], 280])
    c.update(num_hidden_layers=n, layer_types=types, num_kv_shared_layers=shared, sliding_window=window(r),
             intermediate_size=sizes, vocab_size_per_layer_input=below, hidden_size_per_layer_input=r.choice([4, 8, 12, 20]),
             altup_num_inputs=inputs, altup_active_idx=r.choice([0, 0, inputs - 1]), altup_correct_scale=r.random() < 0.7,
             laurel_rank=r.choice([1, 4, 8, 64]), final_logit_softcapping=r.choice([30.0, 30.0, 5.0, 1.0]),
             activation_sparsity_pattern=r.choice([None, [r.choice([0.95, 0.5, 0.0, 0.3]) for _ in range(n)], [0.0] * n]),
             rope_parameters={F: dict(rope_theta=theta(r), **(linear(r) if r.random() < 0.3 else dict(rope_type="default"))),
                              S: dict(rope_theta=theta(r), rope_type="default")})

    def rewrite(j):
        rope = j["rope_parameters"]
        if r.random() < 0.4:
            j.pop("rope_parameters")
            j["rope_theta"], j["rope_local_base_freq"] = rope[F].pop("rope_theta"), rope[S]["rope_theta"]
            j["rope_scaling"] = rope[F] if rope[F]["rope_type"] == "linear" else None
        if not isinstance(sizes, list) and r.random() < 0.5: j["intermediate_size"] = sizes
        leave_out_defaults(r, j, transformers.Gemma3nTextConfig); add_harmless(r, j)
    return c, rewrite, below


def gemma3n(r):
    c, rewrite, below = text3n(r)
    return Case(transformers.Gemma3nTextConfig(**c), transformers.Gemma3nForCausalLM, rewrite, tokens_below=below)


def gemma3n_wrapper(r):
    """transformers needs timm for this wrapper, so that the text class is asked with the wrapper's text part."""
    c, inner, below = text3n(r)
    c["tie_word_embeddings"] = True
    text = {}

    def rewrite(j):
        inner(j)
        text.update(j)
        whole = dict(architectures=["Gemma3nForConditionalGeneration"], model_type="gemma3n", text_config=dict(j),
                     vision_config=dict(model_type="gemma3n_vision", architecture="mobilenetv5_300m_enc", hidden_size=32),
                     audio_config=dict(model_type="gemma3n_audio"), boi_token_id=10, eoi_token_id=11, image_token_id=5000,
                     boa_token_id=13, eoa_token_id=14, audio_token_id=5001, tie_word_embeddings=True)
        j.clear(); j.update(whole)

    return Case(transformers.Gemma3nTextConfig(**c), transformers.Gemma3nForCausalLM, rewrite,
                lambda name: name.replace("model.", "model.language_model.", 1),
                truth=(transformers.Gemma3nForCausalLM, text), tokens_below=below)


def rope4(r):
    def kind(partial):
        if partial:
            return dict(rope_type="proportional", rope_theta=theta(r),
                        partial_rotary_factor=r.choice([0.25, 0.25, 0.5, 1.0, 0.3]))
        return dict(rope_theta=theta(r), **(linear(r) if r.random() < 0.2 else dict(rope_type="default")))
    return {F: kind(r.random() < 0.8), S: kind(r.random() < 0.1)}


def text4(r, ple=False, experts=False, unified=False, k_eq_v=None):
    c = common(r)
    n = r.randint(1, 8)
    types = r.choice([kinds(r, n), [S] * n, [S if (i + 1) % 6 else F for i in range(n)]])
    types[-1] = F
    shared = r.choice([0, 1, 2, n // 2]) if ple or unified else 0       # elsewhere transformers 5.23 fails on any text
    while shared and set(types[:n - shared]) != set(types): shared -= 1
    k_eq_v = r.random() < 0.4 if k_eq_v is None else k_eq_v
    heads = c["num_attention_heads"]
    full_heads = r.choice([k for k in (1, 2, 3, 4, 8) if heads % k == 0] + [None])
    c.update(num_hidden_layers=n, layer_types=list(types), num_kv_shared_layers=shared, sliding_window=window(r),
             attention_k_eq_v=k_eq_v, use_double_wide_mlp=r.random() < 0.5, final_logit_softcapping=cap(r),
             rope_parameters=rope4(r), global_head_dim=r.choice([8, 16, 20, 32, 64, 512 if n < 3 else 128]),
             num_global_key_value_heads=full_heads)
    if not unified:
        c.update(hidden_size_per_layer_input=r.choice([4, 8, 12, 20]) if ple else 0,
                 vocab_size_per_layer_input=c["vocab_size"] + r.choice([0, 0, 37]))
    if experts:
        count = r.randint(1, 9)
        c.update(enable_moe_block=True, num_experts=count, top_k_experts=r.randint(1, count),
                 moe_intermediate_size=r.choice([8, 17, 32, 40]))
    c["use_bidirectional_attention"] = r.choice([None, "vision"])

    def rewrite(j):
        if r.random() < 0.6: make_tiny.hub_gemma4({"text_config": j}); j["num_global_key_value_heads"] = full_heads
        if r.random() < 0.2 and types == [S if (i + 1) % 6 else F for i in range(n)]: j.pop("layer_types")
        leave_out_defaults(r, j, transformers.Gemma4UnifiedTextConfig if unified else transformers.Gemma4TextConfig)
        add_harmless(r, j)
    return c, rewrite


def gemma4(r, **kw):
    c, rewrite = text4(r, **kw)
    return Case(transformers.Gemma4TextConfig(**c), transformers.Gemma4ForCausalLM, rewrite)


def gemma4_wrapper(r):
    c, inner = text4(r, ple=r.random() < 0.5, experts=r.random() < 0.3)
    config = transformers.Gemma4Config(
        text_config=c, vision_config=dict(VISION4) if r.random() < 0.5 else None, audio_config=None, boi_token_id=10,
        eoi_token_id=11, image_token_id=12, video_token_id=6, boa_token_id=5, eoa_token_index=5, audio_token_id=7,
        tie_word_embeddings=c["tie_word_embeddings"])
    def rewrite(j): inner(j["text_config"]); add_harmless(r, j)
    return Case(config, transformers.Gemma4ForConditionalGeneration, rewrite)


def gemma4_unified(r):
    c, rewrite = text4(r, unified=True)
    return Case(transformers.Gemma4UnifiedTextConfig(**c), transformers.Gemma4UnifiedForCausalLM, rewrite)


def gemma4_unified_wrapper(r):
    c, inner = text4(r, unified=True)
    vision = dict(patch_size=4, pooling_kernel_size=2, mm_embed_dim=64, mm_posemb_size=16, output_proj_dims=64)
    config = transformers.Gemma4UnifiedConfig(
        text_config=c, vision_config=vision, audio_config=dict(audio_embed_dim=16), boi_token_id=10, eoi_token_id=11,
        image_token_id=12, video_token_id=6, boa_token_id=5, audio_token_id=7, tie_word_embeddings=c["tie_word_embeddings"])
    def rewrite(j): inner(j["text_config"]); add_harmless(r, j)
    return Case(config, transformers.Gemma4UnifiedForConditionalGeneration, rewrite)


KINDS = {
    "gemma": gemma, "gemma2": gemma2, "gemma3": gemma3, "gemma3-wrapper": gemma3_wrapper, "gemma3n": gemma3n,
    "gemma3n-wrapper": gemma3n_wrapper, "gemma4": lambda r: gemma4(r, k_eq_v=False),
    "gemma4-k_eq_v": lambda r: gemma4(r, k_eq_v=True), "gemma4-ple": lambda r: gemma4(r, ple=True),
    "gemma4-moe": lambda r: gemma4(r, experts=True), "gemma4-wrapper": gemma4_wrapper, "gemma4-unified": gemma4_unified,
    "gemma4-unified-wrapper": gemma4_unified_wrapper,
}


# -------------------------------------------------------------------------------------------------------- files
def write(case, r, seed, folder, mutates=False):
    torch.manual_seed(seed)
    model = case.cls._from_config(case.config, attn_implementation="eager", dtype=torch.float32).eval()
    dtype = r.choice([torch.bfloat16, torch.float16, torch.float32])
    with torch.no_grad():
        make_tiny.fill(model, seed)
        if dtype == torch.float32:                                  # values that no 16-bit type holds
            noise = torch.Generator().manual_seed(seed)
            for p in model.parameters(): p.mul_(1 + torch.rand(p.shape, generator=noise) * 1e-3)
    model = model.to(dtype)
    model.tie_weights()
    shard = r.choice([None, None, "40KB", "200KB"]) if not case.rename else None
    model.save_pretrained(folder, max_shard_size=shard or "5GB")
    path = os.path.join(folder, "config.json")
    config = json.load(open(path))
    if case.rewrite: case.rewrite(config)
    if mutates: mutate(r, config.get("text_config", config) if case.truth else config)
    if case.truth and mutates: case.truth[1].clear(); case.truth[1].update(config["text_config"])
    json.dump(config, open(path, "w"), indent=1)
    if case.rename:
        path = os.path.join(folder, "model.safetensors")
        save_file({case.rename(k): v for k, v in load_file(path).items()}, path, metadata={"format": "pt"})
    limit = case.tokens_below or case.config.get_text_config().vocab_size
    return [2] + [r.randrange(limit) for _ in range(r.choice([0, 1, 2, 14, 15, 16, 31, 32, 63, 99, 199, 299]))]


# ----------------------------------------------------------------------------------------------------- answers
def noise(model, tokens, logits):
    """How far one rounding error in every product moves the last logits: no engine can be closer than that."""
    generator = torch.Generator().manual_seed(0)
    def error(output): return 6e-8 * torch.randn(output.shape, generator=generator)
    def product(module, inputs, output): return output * (1 + error(output))
    def activation(module, inputs, output): return output + 0.5 * inputs[0] * error(output)    # 1 + tanh, which may cancel
    hooks = [m.register_forward_hook(product) for m in model.modules() if isinstance(m, torch.nn.Linear)]
    hooks += [m.register_forward_hook(activation) for m in model.modules() if "GELU" in type(m).__name__]
    other = [model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].float() for _ in range(2)]
    for hook in hooks: hook.remove()
    return max(float(((o - logits[-1]).abs() / logits[-1].abs().clamp(min=1)).max()) for o in other)


@torch.no_grad()
def transformers_answer(case, folder, tokens):
    if case.truth:
        cls, config = case.truth
        other = folder + "-text"
        os.mkdir(other)
        json.dump(config, open(other + "/config.json", "w"))
        weights = load_file(folder + "/model.safetensors")
        save_file({k.replace("language_model.", ""): v for k, v in weights.items()}, other + "/model.safetensors",
                  metadata={"format": "pt"})
        folder = other
    else: cls = case.cls
    model, loading = cls.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                         experts_implementation="eager", output_loading_info=True)
    if loading["missing_keys"]: raise ValueError(f"missing weights: {sorted(loading['missing_keys'])[:3]}")
    model.eval()
    logits = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0].float()
    answer = dict(logits=logits[-1].tolist(), greedy=[], gaps=[])
    if len(tokens) > 1:
        log = torch.log_softmax(logits[:-1].double(), -1)
        answer["meanNLL"] = float(-log[torch.arange(len(tokens) - 1), torch.tensor(tokens[1:])].mean())
    text = list(tokens)
    try:
        for _ in range(16):     # from scratch: with a window of 1, the cache of transformers 5.23 keeps every position
            best = torch.topk(model(input_ids=torch.tensor([text]), use_cache=False).logits[0, -1].float(), 2)
            answer["greedy"].append(int(best.indices[0])); answer["gaps"].append(float(best.values[0] - best.values[1]))
            text.append(answer["greedy"][-1])
    except IndexError: pass     # a token beyond the per-layer embedding
    answer["noise"] = noise(model, tokens, logits)
    return answer


def our_answer(tool, folder, tokens):
    ids, isLapidary = ",".join(map(str, tokens)), os.path.basename(tool) == "lapidary"
    def run(count):
        command = ([tool, "generate", folder, "--tokens", ids, "--max-tokens", str(count), "--logits", "--format", "json"]
                   + (["--score"] if len(tokens) > 1 else []) if isLapidary
                   else [tool, folder, "--tokens", ids, "--max", str(count)])
        return subprocess.run(command, capture_output=True, text=True, timeout=300)
    done = run(16)
    if done.returncode and "position" in done.stderr + done.stdout: done = run(0)   # stopped by a token that it generated
    if done.returncode: return dict(refusal=(done.stderr + done.stdout).strip().split("\n")[0][:300] or f"rc {done.returncode}")
    return json.loads(done.stdout)


def compare(theirs, ours):
    """The differences as text, and the largest one of the logits."""
    if len(theirs["logits"]) != len(ours["logits"]): return ["another number of logits"], float("inf")
    worst = max(abs(a - b) / max(1, abs(a)) if b == b else float("inf") for a, b in zip(theirs["logits"], ours["logits"]))
    found = []
    bound = max(1e-4, 10 * theirs["noise"])
    if not worst < bound: found.append(f"logits differ by {worst:.3g}, rounding by {theirs['noise']:.3g}")
    if "meanNLL" in theirs and not abs(theirs["meanNLL"] - ours["meanNLL"]) < bound / 10:
        found.append(f"mean NLL {ours['meanNLL']:.6f}, transformers {theirs['meanNLL']:.6f}")
    for index, (a, b) in enumerate(zip(theirs["greedy"], ours["tokens"])):
        if a == b: continue
        if theirs["gaps"][index] > 10 * bound: found.append(f"token {index} is {b}, transformers {a} by {theirs['gaps'][index]:.3g}")
        break
    return found, worst


# --------------------------------------------------------------------------------------------------------- main
def run(kind, seed, tool, keep, mutates):
    r = random.Random(f"{kind} {seed}")
    folder = os.path.join(keep or tempfile.mkdtemp(prefix="sweep-"), f"{kind}-{seed}")
    shutil.rmtree(folder, ignore_errors=True); shutil.rmtree(folder + "-text", ignore_errors=True)
    try:
        case = KINDS[kind](r)
        tokens = write(case, r, seed, folder, mutates)
    except Exception as error:
        return "unmade", f"{type(error).__name__}: {error}"[:200], 0.0
    try: theirs = transformers_answer(case, folder, tokens)
    except Exception as error: theirs = dict(refusal=f"{type(error).__name__}: {error}".replace("\n", " ")[:200])
    ours = our_answer(tool, folder, tokens)
    if not keep: shutil.rmtree(os.path.dirname(folder))
    if "refusal" in theirs and "refusal" in ours: return "both refuse", f"{theirs['refusal']} | {ours['refusal']}", 0.0
    if "refusal" in theirs: return "transformers refuses", theirs["refusal"], 0.0
    if "refusal" in ours: return "we refuse", ours["refusal"], 0.0
    found, worst = compare(theirs, ours)
    return ("differs" if found else "equal"), f"{len(tokens)} tokens: " + "; ".join(found), worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument("--seeds", default="0:20")
    parser.add_argument("--tool", default="lapidary")
    parser.add_argument("--mutate", action="store_true", help="change config.json at random as well")
    parser.add_argument("--keep", help="leave the checkpoints in this folder")
    options = parser.parse_args()
    first, end = map(int, options.seeds.split(":"))
    different = 0
    for kind in options.kind or KINDS:
        counts, worst = collections.Counter(), 0.0
        for seed in range(first, end):
            outcome, message, difference = run(kind, seed, options.tool, options.keep, options.mutate)
            counts[outcome] += 1
            if outcome == "equal": worst = max(worst, difference)
            else: print(f"{kind} {seed}: {outcome}: {message}", flush=True)
        different += counts["differs"] + counts["transformers refuses"]
        print(f"== {kind}: {dict(counts)}, largest difference {worst:.2g}", flush=True)
    sys.exit(1 if different else 0)


if __name__ == "__main__": main()
