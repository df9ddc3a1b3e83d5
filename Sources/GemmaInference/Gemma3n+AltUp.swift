import Foundation
internal import ModelFormats

/// Alternating updates (arXiv 2301.13310): a layer computes one of N streams and the others follow by prediction and
/// correction, with coefficients that a small router finds for each token.
extension Gemma3n {
    struct AltUp {
        let routerNorm: RMSNorm  // [H]
        let router: Linear  // [N, H]
        let prediction: Linear  // [N N, N]
        let correction: Linear  // [N, N]

        /// `weights` are those of the layer.
        init(_ weights: ModelWeights) throws {
            routerNorm = try weights.norm("altup.router_norm")
            router = try weights.linear("altup.modality_router")
            prediction = try weights.linear("altup.prediction_coefs")
            correction = try weights.linear("altup.correction_coefs")
        }
    }

    /// Before a layer: prediction_o = stream_o + sum over i of c[o, i] stream_i, with c [N, N] from the active stream.
    func predict(_ altUp: AltUp, _ count: Int) {
        let n = streams.count, width = configuration.hiddenSize
        route(streams[configuration.altUp.active], altUp, count)
        math.multiply(modalities.start, count, (altUp.prediction, coefficients))  // coefficients [T, N, N]
        for (out, prediction) in predictions.enumerated() {
            prediction.start.update(from: streams[out].start, count: count * width)
            for token in 0..<count {
                for (source, stream) in streams.enumerated() {
                    math.addScaled(
                        stream.start + token * width, coefficients.start[(token * n + out) * n + source],
                        to: prediction.start + token * width, count: width)
                }
            }
        }
    }

    /// After a layer, whose output is x: stream_k = prediction_k + (1 + c[k]) (x - active prediction), with c [N] from x.
    func correct(_ altUp: AltUp, _ count: Int) {
        let n = streams.count, width = configuration.hiddenSize
        route(x, altUp, count)
        math.multiply(modalities.start, count, (altUp.correction, coefficients))  // coefficients [T, N]
        let active = predictions[configuration.altUp.active]
        for index in 0..<(count * width) { h.start[index] = x.start[index] - active.start[index] }  // h [T, H]
        for (index, stream) in streams.enumerated() {
            stream.start.update(from: predictions[index].start, count: count * width)
            for token in 0..<count {
                math.addScaled(
                    h.start + token * width, 1 + coefficients.start[token * n + index],
                    to: stream.start + token * width, count: width)
            }
        }
    }

    /// modalities [T, N] = tanh(router(norm(x) / H))
    private func route(_ x: FloatBuffer, _ altUp: AltUp, _ count: Int) {
        math.normalize(x, altUp.routerNorm, into: h, rows: count)
        math.scale(h, by: 1 / Float(configuration.hiddenSize), count: count * configuration.hiddenSize)
        math.multiply(h.start, count, (altUp.router, modalities))
        for index in 0..<(count * streams.count) { modalities.start[index] = tanhf(modalities.start[index]) }
    }

    /// y *= rms(target) / rms(y), row by row; a root mean square under sqrt(1e-5) counts as that.
    func matchMagnitude(of y: FloatBuffer, to target: FloatBuffer, _ count: Int) {
        let width = configuration.hiddenSize
        func meanSquare(_ x: UnsafePointer<Float>) -> Double {
            var sum = 0.0
            for index in 0..<width { sum += Double(x[index]) * Double(x[index]) }
            return sum / Double(width)
        }
        for row in 0..<count {
            let to = y.start + row * width
            let factor = Float((meanSquare(target.start + row * width) / max(meanSquare(to), 1e-5)).squareRoot())
            for index in 0..<width { to[index] *= factor }
        }
    }
}
