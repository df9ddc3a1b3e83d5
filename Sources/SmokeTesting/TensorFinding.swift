import CGemmaKernels
import ModelFormats

/// What the scan saw in one tensor, or in the quantised matrix that several make.
struct TensorFinding {
    /// Its name under transformers, or of the tensor in whose place it stands.
    let name: String
    let shape: [Int]
    let element: TensorElement
    let range: Range<Int>
    let file: ReadableFile
    /// Of numbers rather than of codes.
    let hasNumbers: Bool
    /// Whether it is put together from several tensors, which have findings of their own.
    let isExpanded: Bool
    /// A matrix whose rows were looked at one by one.
    let hasRows: Bool
    let columns: Int
    private(set) var survey = gemma_survey()
    private(set) var checksum: UInt64 = 0
    /// How many rows have a mean square between two neighbours of a scale with 8 steps to the octave.
    private var meanSquares: [Int: Int] = [:]
    private let elementsBefore: Int

    init(_ subject: ValueScan.Subject) {
        (name, shape, element, range) = (subject.name, subject.shape, subject.element, subject.range)
        file = subject.file
        columns = subject.columns
        switch subject.content {
        case .numbers: (hasNumbers, isExpanded) = (true, false)
        case .bytes: (hasNumbers, isExpanded) = (false, false)
        case .expanded: (hasNumbers, isExpanded) = (true, true)
        }
        hasRows = !subject.isFlat && shape.count >= 2 && hasNumbers
        elementsBefore = hasNumbers ? subject.columns : subject.rowBytes
    }

    var count: Int { shape.reduce(1, *) }
    /// Stored number by number, without blocks, codes or scales.
    var isPlain: Bool { [.f32, .f16, .bf16].contains(element) && !isExpanded }
    var isMatrix: Bool { shape.count(where: { $0 > 1 }) >= 2 }
    var isAllZero: Bool { hasNumbers && survey.zero_count == count && count > 0 }
    var zeroPart: Double { hasNumbers ? Double(survey.zero_count) / Double(max(1, count)) : 0 }
    var nonFiniteCount: Int { survey.nan_count + survey.infinity_count }
    /// The flat index of the first number that is none.
    var firstNonFinite: Int? {
        let firsts =
            (survey.nan_count > 0 ? [survey.first_nan] : [])
            + (survey.infinity_count > 0 ? [survey.first_infinity] : [])
        return firsts.min()
    }
    /// The root of the mean square of all numbers.
    var rms: Double { (survey.sum_of_squares / Double(max(1, count))).squareRoot() }
    var largestMagnitude: Float { survey.largest_magnitude }

    /// The median of the rows' root mean squares, to within 5 %, zero rows left out: one bad row or block, which would
    /// lift the mean of all by its own size, does not move it.
    var typicalRowRMS: Double {
        let total = meanSquares.values.reduce(0, +)
        var seen = 0
        for (step, rows) in meanSquares.sorted(by: { $0.key < $1.key }) {
            seen += rows
            if 2 * seen >= total { return Double(Float(bitPattern: UInt32(step) << 20 | 1 << 19)).squareRoot() }
        }
        return 0
    }

    mutating func add(_ seen: gemma_survey, checksum: UInt64, meanSquares: [Float], from row: Int) {
        survey.add(seen, rowsBefore: row, elementsBefore: row * elementsBefore)
        self.checksum = (self.checksum ^ checksum) &* 0x9E37_79B9_7F4A_7C15
        for square in meanSquares where square > 0 && square.isFinite {
            self.meanSquares[Int(square.bitPattern >> 20), default: 0] += 1
        }
    }
}
