/// How much an adapter changes one tensor of its base, as sums of squares over all its numbers.
package struct AdapterUpdate: Equatable, Sendable {
    /// The base's tensor, by its name in transformers.
    package let name: String
    /// |W|^2 of the base's tensor W.
    package internal(set) var base = 0.0
    /// |W' - W|^2, where W' is what is computed with.
    package internal(set) var change = 0.0
    /// |s B A|^2 of the low-rank update as stored; 0 for tensors and rows that are replaced.
    package internal(set) var update = 0.0
    /// The sum of W times s B A, number by number.
    package internal(set) var overlap = 0.0

    /// |W' - W| / |W|: 0.1 is a tenth of the base's own length. Infinite where the base's tensor is zero.
    package var relativeSize: Double { change == 0 ? 0 : (change / base).squareRoot() }
}

extension [AdapterUpdate] {
    /// How often the base holds the low-rank updates already: about 0 for the base that they were trained on, whose
    /// numbers are nearly orthogonal to them, and about 1 for one that they were merged into. Nil without updates.
    package var shareInBase: Double? {
        let update = reduce(0) { $0 + $1.update }
        return update > 0 ? reduce(0) { $0 + $1.overlap } / update : nil
    }
}
