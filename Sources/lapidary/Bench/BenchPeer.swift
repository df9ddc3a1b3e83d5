import Foundation

/// Another program that runs the same model: a Python that can import transformers or llama_cpp.
struct BenchPeer: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case transformers
        case llamaCPP = "llama.cpp"

        /// The module, and what else it needs.
        var modules: [String] {
            switch self {
            case .transformers: ["transformers", "torch"]
            case .llamaCPP: ["llama_cpp"]
            }
        }
    }

    let kind: Kind
    let python: String
    let version: String

    /// The first of the interpreters that has each peer.
    static func find(in pythons: [String]) -> [BenchPeer] {
        Kind.allCases.compactMap { kind in
            for python in pythons where FileManager.default.isExecutableFile(atPath: python) {
                let look = """
                    import importlib.util, importlib.metadata, sys
                    names = sys.argv[1:]
                    if not all(importlib.util.find_spec(name) for name in names): sys.exit(1)
                    packages = importlib.metadata.packages_distributions()
                    print(importlib.metadata.version(packages[names[0]][0]))
                    """
                guard let cost = try? MeasuredProcess.run(python, ["-c", look] + kind.modules) else { continue }
                let version = cost.output.trimmingCharacters(in: .whitespacesAndNewlines)
                return BenchPeer(kind: kind, python: python, version: version)
            }
            return nil
        }
    }

    /// What it can run: transformers reads safetensors, llama.cpp reads GGUF.
    func runs(_ file: BenchModelFile) -> Bool { file.isGGUF == (kind == .llamaCPP) }

    /// A whole process: start, import, load, one pass over the prompt, then the other tokens. Prints the ids.
    func arguments(_ file: BenchModelFile, prompt: [Int], count: Int) -> [String] {
        let ids = prompt.map(String.init).joined(separator: ",")
        let threads = "\(ProcessInfo.processInfo.activeProcessorCount)"
        return ["-c", driver, kind == .llamaCPP ? file.path : file.folder, ids, "\(count)", threads]
    }

    private var driver: String {
        switch kind {
        case .transformers:
            """
            import sys
            import torch
            from transformers import AutoModelForCausalLM
            folder, ids, count, threads = sys.argv[1], [int(i) for i in sys.argv[2].split(",")], *map(int, sys.argv[3:])
            torch.set_num_threads(threads)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True).eval()
            tokens, step, cache = [], torch.tensor([ids]), None
            with torch.inference_mode():
                while len(tokens) < count:
                    seen = model(step, past_key_values=cache, use_cache=True, logits_to_keep=1)
                    cache, step = seen.past_key_values, seen.logits[:, -1:].argmax(-1)
                    tokens.append(step.item())
            print(",".join(map(str, tokens)))
            """
        case .llamaCPP:
            """
            import sys
            import llama_cpp as llama
            path, ids, count, threads = sys.argv[1], [int(i) for i in sys.argv[2].split(",")], *map(int, sys.argv[3:])
            llama.llama_backend_init()
            model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
            settings = llama.llama_context_default_params()
            settings.n_ctx = settings.n_batch = 256
            settings.n_threads = settings.n_threads_batch = threads
            context = llama.llama_init_from_model(model, settings)
            width = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
            tokens, step = [], ids
            while len(tokens) < count:
                block = (llama.llama_token * len(step))(*step)
                if llama.llama_decode(context, llama.llama_batch_get_one(block, len(step))) != 0: sys.exit(1)
                logits = llama.llama_get_logits_ith(context, -1)
                step = [llama.np.ctypeslib.as_array(logits, (width,)).argmax().item()]
                tokens += step
            print(",".join(map(str, tokens)))
            """
        }
    }
}
