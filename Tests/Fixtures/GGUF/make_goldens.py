#!/usr/bin/env python3
"""goldens.json for the GGUF files beside this script, and gemma3n-f16.gguf itself.

    FIXTURES=<folder of the tiny checkpoints and of gguf/golden_gguf.json> LLAMA_SRC=<llama.cpp tree> python make_goldens.py

Per file: the fields of golden_gguf.json that tests read (transformers 5.23 in float32 on the dequantised weights, see
make_gguf.py), and `config`: the text configuration of the checkpoint that it was converted from, as transformers'
class completes it. gemma3n is converted here with llama.cpp's own script and run here in the same way; the script
pads its per-layer table from 500 rows to the vocabulary's 512 with zeros, so that is what runs."""
import glob, json, os, re, subprocess, sys, warnings
os.environ["HF_HUB_OFFLINE"] = "1"; os.environ["TRANSFORMERS_VERBOSITY"] = "error"; warnings.filterwarnings("ignore")
HERE = os.path.dirname(os.path.abspath(__file__)); FIX = os.environ["FIXTURES"]; SRC = os.environ["LLAMA_SRC"]
sys.path.insert(0, os.path.join(SRC, "gguf-py"))
import numpy as np, torch, transformers, gguf
torch.manual_seed(0)

BLK = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
       "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
       "post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm", "ffn_gate": "mlp.gate_proj",
       "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj", "post_ffw_norm": "post_feedforward_layernorm",
       "inp_gate": "per_layer_input_gate", "proj": "per_layer_projection", "post_norm": "post_per_layer_input_norm",
       "altup_router": "altup.modality_router", "altup_router_norm": "altup.router_norm", "altup_predict_coef": "altup.prediction_coefs",
       "altup_correct_coef": "altup.correction_coefs", "altup_correct_scale": "altup.correct_output_scale",
       "laurel_l": "laurel.linear_left", "laurel_r": "laurel.linear_right", "laurel_post_norm": "laurel.post_laurel_norm"}
TOP = {"token_embd": "embed_tokens", "output_norm": "norm", "per_layer_token_embd": "embed_tokens_per_layer",
       "per_layer_model_proj": "per_layer_model_projection", "per_layer_proj_norm": "per_layer_projection_norm"}

def gemma3n():
    path, source = os.path.join(HERE, "gemma3n-f16.gguf"), os.path.join(FIX, "gemma3n")
    subprocess.run([sys.executable, os.path.join(SRC, "convert_hf_to_gguf.py"), source, "--outtype", "f16", "--outfile", path],
                   check=True, capture_output=True, env=dict(os.environ, PYTHONPATH=os.path.join(SRC, "gguf-py")))
    config = transformers.AutoConfig.from_pretrained(source)
    config.vocab_size_per_layer_input = config.vocab_size
    config._attn_implementation = "eager"
    model = transformers.Gemma3nForCausalLM(config).float().eval()
    own = dict(model.model.named_parameters()); seen = set()
    with torch.no_grad():
        for t in gguf.GGUFReader(path).tensors:
            w = torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32).reshape([int(x) for x in reversed(t.shape)]).copy())
            stem = t.name.removesuffix(".weight")
            if stem in ("altup_proj", "altup_unembd_proj"):
                kind = "altup_projections" if stem == "altup_proj" else "altup_unembed_projections"
                parts = {f"{kind}.{i}.weight": w[i] for i in range(len(w))}
            elif stem in TOP: parts = {TOP[stem] + ".weight": w}
            else:
                layer, rest = re.match(r"blk\.(\d+)\.(.+)$", stem).groups()
                parts = {f"layers.{layer}.{BLK[rest]}" + ("" if rest == "altup_correct_scale" else ".weight"): w}
            for name, v in parts.items():
                assert own[name].shape == v.shape, (name, own[name].shape, v.shape)
                own[name].copy_(v); seen.add(name)
    assert set(own) == seen, set(own) ^ seen
    model.lm_head.weight = model.model.embed_tokens.weight
    g = json.load(open(os.path.join(source, "golden.json")))
    def logits(ids):
        with torch.no_grad(): return model(torch.tensor([ids]), use_cache=False).logits[0].float()
    ids, greedy = list(g["prompt_ids"]), []
    for _ in range(16): greedy.append(int(logits(ids)[-1].argmax())); ids.append(greedy[-1])
    lp = torch.log_softmax(logits(g["nll_ids"])[:-1].double(), -1)
    nll = float(-lp[torch.arange(len(lp)), torch.tensor(g["nll_ids"][1:])].mean())
    return {"of": "gemma3n", "prompt_ids": g["prompt_ids"], "nll_ids": g["nll_ids"],
            "dequant_f32": {"last_logits": logits(g["prompt_ids"])[-1].tolist(), "greedy16": greedy, "mean_nll": nll}}

def config(name):
    c = transformers.AutoConfig.from_pretrained(os.path.join(FIX, name)).get_text_config().to_dict()
    return {k: v for k, v in c.items() if not k.startswith("_")}

golden = json.load(open(os.path.join(FIX, "gguf", "golden_gguf.json")))
golden["gemma3n-f16.gguf"] = gemma3n()
result = {}
for path in sorted(glob.glob(os.path.join(HERE, "*.gguf"))):
    g = golden[os.path.basename(path)]; d = g["dequant_f32"]
    result[os.path.basename(path).removesuffix(".gguf")] = {
        "of": g["of"], "prompt_ids": g["prompt_ids"], "nll_ids": g["nll_ids"], "last_logits": d["last_logits"],
        "greedy16": d["greedy16"], "mean_nll": d["mean_nll"], "config": config(g["of"])}
json.dump(result, open(os.path.join(HERE, "goldens.json"), "w"), separators=(",", ":"))
print(len(result), "files")
