import Foundation

extension Gemma3n {
    /// Statistical top-k (arXiv 2506.06644): keeps what exceeds the quantile that a normal distribution with the row's
    /// own mean and deviation would have at `sparsity`, and only the excess.
    struct TopActivations {
        /// The quantile of the standard normal distribution.
        let deviations: Float

        /// `sparsity` is above 0 and below 1.
        init(sparsity: Double) { deviations = Self.normalQuantile(Float(sparsity)) }

        /// gate = max(0, gate - (mean + deviations * deviation)), row by row of gate [T, F].
        func keep(_ gate: FloatBuffer, rows: Int, width: Int) {
            for row in 0..<rows {
                let values = gate.start + row * width
                var sum = 0.0, squares = 0.0
                for index in 0..<width { sum += Double(values[index]) }
                let mean = sum / Double(width)
                for index in 0..<width {
                    let distance = Double(values[index]) - mean
                    squares += distance * distance
                }
                // Of the whole population: divided by F, not by F - 1.
                let deviation = (squares / Double(width)).squareRoot()
                let cutoff = Float(mean) + Float(deviation) * deviations
                for index in 0..<width {
                    // Not max(0, excess), which would hide a NaN.
                    let excess = values[index] - cutoff
                    values[index] = excess <= 0 ? 0 : excess
                }
            }
        }

        /// Where the standard normal distribution reaches `part`: sqrt(2) erfinv(2 part - 1), whose argument PyTorch
        /// rounds to F32. Found by halving an interval, once per layer.
        static func normalQuantile(_ part: Float) -> Float {
            let argument = Double(2 * part - 1)
            // 1 - erf loses no digits near 1 when written as erfc; no F32 below 1 lies beyond erf(6).
            var low = 0.0, high = 6.0
            while true {
                let middle = (low + high) / 2
                guard middle > low, middle < high else { break }
                if erfc(middle) > 1 - abs(argument) { low = middle } else { high = middle }
            }
            return Float(argument < 0 ? -low : low) * Float(2).squareRoot()
        }
    }
}
