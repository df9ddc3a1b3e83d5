internal import ModelFormats

extension Gemma4 {
    /// The mixture of experts of one layer: a router that sends each token to a few narrow feed-forwards.
    struct Experts {
        let routerNorm: RMSNorm  // [H], its learned scale times H^-1/2
        let router: Linear  // [E, H]
        let expertScale: FloatBuffer  // [E]
        let inputNorm: RMSNorm  // [H]
        let gate, up: [Linear]  // E times [Fe, H]
        let down: [Linear]  // E times [H, Fe]
        let outputNorm: RMSNorm  // [H]
        let postDenseNorm: RMSNorm  // [H], of the dense feed-forward's output before the experts' is added

        init(
            _ experts: Gemma4Configuration.Experts, _ weights: ModelWeights, hiddenSize: Int
        ) throws(InferenceError) {
            let width = experts.intermediateSize
            let scale = try weights.vector("router.scale"), root = Float(hiddenSize).squareRoot()
            for column in 0..<hiddenSize { scale.start[column] /= root }
            routerNorm = weights.norm(scale: scale)
            router = try weights.linear("router.proj")
            expertScale = try weights.vector("router.per_expert_scale")
            inputNorm = try weights.norm("pre_feedforward_layernorm_2")
            // Stored as one tensor each: [E, 2 Fe, H], the gate's rows first, and [E, H, Fe].
            let gateUp = try weights.stacked("experts.gate_up_proj")
            let down = try weights.stacked("experts.down_proj")
            let first = (0..<experts.count).map { $0 * 2 * width }
            gate = first.map { Linear(weight: gateUp[$0..<($0 + width)]) }
            up = first.map { Linear(weight: gateUp[($0 + width)..<($0 + 2 * width)]) }
            self.down = (0..<experts.count).map {
                Linear(weight: down[($0 * hiddenSize)..<(($0 + 1) * hiddenSize)])
            }
            outputNorm = try weights.norm("post_feedforward_layernorm_2")
            postDenseNorm = try weights.norm("post_feedforward_layernorm_1")
        }
    }

    /// What all layers' experts compute in.
    ///
    /// The tokens of a block that chose the same expert go through it together, so its weights are read once; weights of
    /// experts that no token chose are not touched. A token's experts are summed in their order, whatever the block.
    final class ExpertMixture {
        private struct Choice {
            let expert: Int
            let token: Int
            let weight: Float
        }

        private let configuration: Gemma4Configuration.Experts
        private let hiddenSize: Int
        private let routed, z: FloatBuffer  // [T, H] the residual stream as the router and as the experts see it
        private let probabilities: FloatBuffer  // [T, E]
        private let gathered, output: FloatBuffer  // [tokens of one expert, H]
        private let gate, up: FloatBuffer  // [tokens of one expert, Fe]
        private let sum: FloatBuffer  // [T, H]
        private var choices: [Choice] = []

        init(
            _ experts: Gemma4Configuration.Experts, hiddenSize: Int, memory: Memory
        ) throws(InferenceError) {
            let tokens = Arithmetic.blockSize
            configuration = experts
            self.hiddenSize = hiddenSize
            (routed, z) = (try memory.floats(tokens, hiddenSize), try memory.floats(tokens, hiddenSize))
            probabilities = try memory.floats(tokens, experts.count)
            (gathered, output) = (try memory.floats(tokens, hiddenSize), try memory.floats(tokens, hiddenSize))
            gate = try memory.floats(tokens, experts.intermediateSize)
            up = try memory.floats(tokens, experts.intermediateSize)
            sum = try memory.floats(tokens, hiddenSize)
            choices.reserveCapacity(tokens * experts.chosen)
        }

        /// [T, H]: norm(sum over the chosen experts e of weight_e * GeGLU_e(norm(x))), of the residual stream x [T, H].
        func callAsFunction(
            _ x: FloatBuffer, _ count: Int, _ experts: Experts, _ math: Arithmetic
        ) -> FloatBuffer {
            route(x, count, experts, math)
            math.normalize(x, experts.inputNorm, into: z, rows: count)
            sum.start.update(repeating: 0, count: count * hiddenSize)
            var rest = choices[...]
            while let expert = rest.first?.expert {
                let own = rest.prefix { $0.expert == expert }
                rest = rest.dropFirst(own.count)
                for (row, choice) in own.enumerated() {
                    (gathered.start + row * hiddenSize).update(
                        from: z.start + choice.token * hiddenSize, count: hiddenSize)
                }
                math.multiply(gathered.start, own.count, (experts.gate[expert], gate), (experts.up[expert], up))
                math.gatedGELU(gate, up, count: own.count * configuration.intermediateSize)
                math.multiply(gate.start, own.count, (experts.down[expert], output))
                for (row, choice) in own.enumerated() {
                    math.addScaled(
                        output.start + row * hiddenSize, choice.weight, to: sum.start + choice.token * hiddenSize,
                        count: hiddenSize)
                }
            }
            math.normalize(sum, experts.outputNorm, into: sum, rows: count)
            return sum
        }

        /// Fills `choices`, in order of expert and token: for each token the likeliest experts, weighted by their
        /// probabilities over the sum of those, times the expert's own scale.
        private func route(_ x: FloatBuffer, _ count: Int, _ experts: Experts, _ math: Arithmetic) {
            math.normalize(x, experts.routerNorm, into: routed, rows: count)
            math.multiply(routed.start, count, (experts.router, probabilities))
            math.softmax(probabilities, rows: count, width: configuration.count)
            choices.removeAll(keepingCapacity: true)
            for token in 0..<count {
                let row = probabilities.start + token * configuration.count
                let first = choices.count
                var total: Float = 0
                for _ in 0..<configuration.chosen {
                    let best = likeliest(row)
                    choices.append(Choice(expert: best, token: token, weight: row[best]))
                    total += row[best]
                    row[best] = -1
                }
                for index in first..<choices.count {
                    let (expert, weight) = (choices[index].expert, choices[index].weight)
                    choices[index] = Choice(
                        expert: expert, token: token, weight: weight / total * experts.expertScale.start[expert])
                }
            }
            choices.sort { ($0.expert, $0.token) < ($1.expert, $1.token) }
        }

        /// The first of the largest probabilities; those already chosen are -1. Among NaN, the first not chosen.
        private func likeliest(_ row: UnsafePointer<Float>) -> Int {
            var best = 0
            for expert in 1..<max(1, configuration.count)
            where row[expert] > row[best] || (row[best] == -1 && row[expert] != -1) { best = expert }
            return best
        }
    }
}
