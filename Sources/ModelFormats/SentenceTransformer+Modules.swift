extension SentenceTransformer {
    /// How the states of all tokens become one vector; several ways are put one after the other.
    package struct Pooling: Equatable, Sendable {
        package enum Mode: String, CaseIterable, Sendable {
            /// The first token's state.
            case first = "cls"
            case greatest = "max"
            case mean
            /// The sum divided by the square root of the number of tokens.
            case rootMean = "mean_sqrt_len_tokens"
            /// The mean with the weights 1, 2, 3, ….
            case weightedMean = "weightedmean"
            case last = "lasttoken"
        }

        package let modes: [Mode]
        package let dimension: Int

        package init(modes: [Mode], hiddenSize: Int) {
            self.modes = modes
            dimension = modes.count * hiddenSize
        }

        init(reading model: ModelFiles, folder: String, hiddenSize: Int) throws {
            var reader = try ConfigurationReader(module: folder, of: model)
            let width =
                try reader.integer("embedding_dimension", in: 1...(1 << 20))
                ?? reader.integer("word_embedding_dimension", in: 1...(1 << 20))
            if let width, width != hiddenSize {
                throw reader.fault("word_embedding_dimension", expected: "\(hiddenSize), the model's", got: "\(width)")
            }
            if try reader.boolean("include_prompt") == false {
                throw ModelFormatError.unsupported(
                    file: reader.file, what: "include_prompt false", reason: "this build pools all tokens of a text")
            }
            self.init(modes: try Self.modes(&reader), hiddenSize: hiddenSize)
        }

        /// `pooling_mode` (since version 5 of the library), else a flag for each; none of them is the mean.
        private static func modes(_ reader: inout ConfigurationReader) throws -> [Mode] {
            if reader.object["pooling_mode"] != nil {
                let names = try reader.oneOrMore("pooling_mode")
                guard (1...Mode.allCases.count).contains(names.count) else {
                    throw reader.fault(
                        "pooling_mode", expected: "1 to \(Mode.allCases.count) names", got: "\(names.count)")
                }
                return try names.map { name in
                    guard let mode = Mode(rawValue: name) else {
                        throw reader.fault(
                            "pooling_mode", expected: Mode.allCases.map(\.rawValue).joined(separator: ", "),
                            got: quoted(name))
                    }
                    return mode
                }
            }
            let flags: [(String, Mode)] = [
                ("cls_token", .first), ("max_tokens", .greatest), ("mean_tokens", .mean),
                ("mean_sqrt_len_tokens", .rootMean), ("weightedmean_tokens", .weightedMean), ("lasttoken", .last),
            ]
            let modes = try flags.filter { try reader.boolean("pooling_mode_" + $0.0) == true }.map(\.1)
            return modes.isEmpty ? [.mean] : modes
        }
    }

    /// y = activation(W x + b).
    package struct Dense: Sendable {
        package enum Activation: String, CaseIterable, Sendable {
            case identity = "torch.nn.modules.linear.Identity"
            case tanh = "torch.nn.modules.activation.Tanh"
            case relu = "torch.nn.modules.activation.ReLU"
            case sigmoid = "torch.nn.modules.activation.Sigmoid"
        }

        package let rows: Int
        package let columns: Int
        package let activation: Activation
        /// `linear.weight` [rows, columns] and, where there is a bias, `linear.bias` [rows].
        package let tensors: ModelTensors
        package let hasBias: Bool

        init(reading model: ModelFiles, folder: String, columns width: Int) throws {
            var reader = try ConfigurationReader(module: folder, of: model)
            columns = try reader.integer("in_features", in: 1...(1 << 20)) ?? 0
            rows = try reader.integer("out_features", in: 1...(1 << 20)) ?? 0
            guard columns == width else {
                throw reader.fault("in_features", expected: "\(width), what comes before it", got: "\(columns)")
            }
            hasBias = try reader.boolean("bias") ?? true
            let name = try reader.string("activation_function") ?? Activation.tanh.rawValue
            guard let activation = Activation(rawValue: name) else {
                throw ModelFormatError.unsupported(
                    file: reader.file, what: "activation_function \(name)",
                    reason: "this build computes Identity, Tanh, ReLU and Sigmoid")
            }
            self.activation = activation
            try reader.expectFalse("use_residual")
            try reader.expect("module_input_name", "sentence_embedding", nullable: true)
            try reader.expect("module_output_name", "sentence_embedding", nullable: true)
            tensors = try ModelTensors(reading: model, file: folder + "/model.safetensors")
            try check()
        }

        private func check() throws {
            let expected = [("linear.weight", [rows, columns])] + (hasBias ? [("linear.bias", [rows])] : [])
            for (name, shape) in expected {
                let got = tensors[name]?.tensor
                guard let got, got.shape == shape, [.f32, .f16, .bf16].contains(got.element) else {
                    throw ModelFormatError.malformedSafetensors(
                        file: tensors.files[0].name, tensor: name, field: "tensor",
                        expected: "shape \(shape) in F32, F16 or BF16, as config.json beside it says",
                        got: got.map { "\($0.element.rawValue) \($0.shape)" } ?? "no such tensor")
                }
            }
        }
    }
}

extension SentenceTransformer {
    /// Since version 6 of the library it may be of another vector than the text's.
    static func checkNormalize(_ model: ModelFiles, folder: String) throws {
        guard model[folder + "/" + GemmaConfiguration.path] != nil else { return }
        var reader = try ConfigurationReader(module: folder, of: model)
        try reader.expect("module_input_name", "sentence_embedding", nullable: true)
        try reader.expect("module_output_name", "sentence_embedding", nullable: true)
    }
}

extension ConfigurationReader {
    /// config.json of a module in a folder of its own.
    fileprivate init(module folder: String, of model: ModelFiles) throws {
        let path = folder + "/" + GemmaConfiguration.path
        guard let config = try model.json(path) else {
            throw ModelFormatError.unreadable(file: path, reason: "not among the files, though modules.json names it")
        }
        guard let object = config.object else {
            throw ModelFormatError.configuration(
                file: path, key: "(whole file)", expected: "an object", got: config.summary)
        }
        self.init(object, file: path)
    }
}
