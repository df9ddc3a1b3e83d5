import Foundation
package import ModelFormats

extension SentenceTransformer.Pooling.Mode {
    /// One vector [width] of states [tokens, width].
    package func pooled(_ states: [Float], width: Int) -> [Float] {
        let count = width > 0 ? states.count / width : 0
        guard count > 0 else { return [] }
        func column(_ index: Int, _ combine: (Double, Int, Float) -> Double, from start: Double) -> Double {
            (0..<count).reduce(start) { combine($0, $1, states[$1 * width + index]) }
        }
        switch self {
        case .first: return Array(states[..<width])
        case .last: return Array(states[((count - 1) * width)..<(count * width)])
        case .greatest:
            return (0..<width).map { Float(column($0, { sum, _, state in max(sum, Double(state)) }, from: -.infinity)) }
        case .mean, .rootMean:
            let divisor = self == .mean ? Double(count) : Double(count).squareRoot()
            return (0..<width).map { Float(column($0, { sum, _, state in sum + Double(state) }, from: 0) / divisor) }
        case .weightedMean:
            let divisor = Double(count * (count + 1) / 2)
            return (0..<width).map { index in
                Float(
                    column(index, { sum, token, state in sum + Double(token + 1) * Double(state) }, from: 0) / divisor)
            }
        }
    }
}

extension SentenceTransformer.Dense {
    /// activation(W x + b); `weight` [rows, columns], `bias` [rows] or none, x [columns].
    func applied(to x: [Float], _ weight: [Float], _ bias: [Float]) -> [Float] {
        (0..<rows).map { row in
            var sum = bias.isEmpty ? 0 : Double(bias[row])
            for column in 0..<columns { sum += Double(weight[row * columns + column]) * Double(x[column]) }
            let value: Double =
                switch activation {
                case .identity: sum
                case .tanh: Foundation.tanh(sum)
                case .relu: max(0, sum)
                case .sigmoid: 1 / (1 + exp(-sum))
                }
            return Float(value)
        }
    }
}
