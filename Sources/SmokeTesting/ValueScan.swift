import CGemmaKernels
import GemmaInference
import ModelFormats

/// One pass over the stored numbers of all tensors on all processors, in pieces that stay in the cache between reading
/// and looking, so that memory stays bounded whatever the size of the model. Reads with pread: a file cut short
/// meanwhile is an error, not a signal. What it finds is the same on every machine.
struct ValueScan {
    /// A tensor, or the quantised matrix that several tensors make, and what is done with it.
    struct Subject {
        let name: String
        let shape: [Int]
        let element: TensorElement
        /// Where it lies in the file; of several tensors, the codes.
        let range: Range<Int>
        let file: ReadableFile
        let content: Content
        /// Rows of `columns` numbers; a tensor without rows worth the name is cut into rows of `flatColumns` bytes.
        let columns: Int
        let rowBytes: Int
        let isFlat: Bool

        enum Content {
            /// F32, F16, BF16 and GGUF's blocks.
            case numbers(gemma_element)
            /// Codes and other bytes: only summed up, and looked at for the NaN codes of FP8.
            case bytes
            /// Put together from the tensors of a quantised matrix.
            case expanded(StoredRows)
        }

        var rowCount: Int {
            if case .expanded(let rows) = content { return rows.count }
            return (range.count + rowBytes - 1) / rowBytes
        }
    }

    private static let pieceSize = 512 << 10
    private static let flatBytes = 64 << 10
    /// Pieces between two reports of progress.
    private static let piecesAtOnce = 128

    private struct Piece {
        let subject: Int
        let rows: Range<Int>
        /// Bytes of the files that it stands for.
        let weight: Int
    }

    private struct Seen {
        var survey = gemma_survey()
        var checksum: UInt64 = 0
        var meanSquares: [Float] = []
        var error: (any Error)?
    }

    /// Scans every tensor; `progress` gets the part done, 0 to 1.
    static func run(
        _ tensors: ModelTensors, pool: WorkerPool = WorkerPool(), progress: (Double) -> Void
    ) throws -> [TensorFinding] {
        let subjects = try subjects(of: tensors)
        var findings = subjects.map { TensorFinding($0) }
        let pieces = subjects.indices.flatMap { Self.pieces(of: subjects[$0], number: $0) }
        let scratch = (0..<pool.workerCount).map { _ in Scratch(widest: subjects.map(\.columns).max() ?? 1) }
        let total = pieces.reduce(0) { $0 + $1.weight }
        var done = 0
        for start in stride(from: 0, to: pieces.count, by: piecesAtOnce) {
            let batch = pieces[start..<min(start + piecesAtOnce, pieces.count)]
            var seen = [Seen](repeating: Seen(), count: batch.count)
            seen.withUnsafeMutableBufferPointer { seen in
                nonisolated(unsafe) let seen = seen
                pool.perform(batch.count) { share, worker in
                    let piece = batch[start + share]
                    seen[share] = scratch[worker].look(at: piece.rows, of: subjects[piece.subject])
                }
            }
            // In order of the pieces, whoever was done first: sums come out the same.
            for (piece, seen) in zip(batch, seen) {
                if let error = seen.error { throw error }
                findings[piece.subject].add(
                    seen.survey, checksum: seen.checksum, meanSquares: seen.meanSquares, from: piece.rows.lowerBound)
                done += piece.weight
            }
            progress(Double(done) / Double(max(1, total)))
        }
        return findings
    }

    private static func subjects(of tensors: ModelTensors) throws -> [Subject] {
        let plain = tensors.tensors.filter { $0.tensor.elementCount > 0 }.map { tensor, file in
            let (elements, bits) = tensor.element.block, element = gemma_element(tensor.element)
            let columns = tensor.shape.last ?? 1, rowBytes = columns / elements * bits / 8
            let hasRows = columns >= 16 && rowBytes <= pieceSize && columns % elements == 0
            let content = element.map { Subject.Content.numbers($0) } ?? .bytes
            // Whole blocks of every type: 256 numbers take 1024 bytes at most and an even number of them.
            let flat = flatBytes / max(1, bits / 8) * max(1, bits / 8)
            return Subject(
                name: tensor.name, shape: tensor.shape, element: tensor.element, range: tensor.range,
                file: tensors.files[file], content: content,
                columns: hasRows ? columns : max(1, flat * 8 / bits * elements), rowBytes: hasRows ? rowBytes : flat,
                isFlat: !hasRows)
        }
        guard !tensors.quantisedNames.isEmpty else { return plain }
        let weights = try StoredWeights(tensors)
        return plain
            + (try tensors.quantisedNames.map { name in
                let rows = try weights.rows(of: name)
                let codes = tensors.quantisedMatrix(name)?.codes
                let file = codes.flatMap { tensors[$0.name] }.map { tensors.files[$0.file] } ?? tensors.files[0]
                return Subject(
                    name: name, shape: [rows.count, rows.columns], element: codes?.element ?? .u8,
                    range: codes?.range ?? 0..<0, file: file, content: .expanded(rows), columns: rows.columns,
                    rowBytes: max(1, 4 * rows.columns), isFlat: false)
            })
    }

    private static func pieces(of subject: Subject, number: Int) -> [Piece] {
        let step = max(1, pieceSize / subject.rowBytes), count = subject.rowCount
        return stride(from: 0, to: count, by: step).map { first in
            let rows = first..<min(first + step, count)
            return Piece(subject: number, rows: rows, weight: rows.count * subject.rowBytes)
        }
    }

    /// What one thread needs to look at a piece.
    private final class Scratch: @unchecked Sendable {
        private let kernels: UnsafePointer<gemma_kernels> = gemma_fastest_kernels()
        private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 64)
        private let row: UnsafeMutablePointer<Float>

        init(widest: Int) { row = .allocate(capacity: widest) }

        deinit {
            piece.deallocate()
            row.deallocate()
        }

        func look(at rows: Range<Int>, of subject: Subject) -> Seen {
            var seen = Seen()
            seen.meanSquares = [Float](repeating: 0, count: rows.count)
            if case .expanded(let stored) = subject.content {
                for number in rows {
                    stored.expand(number, into: row)
                    addRow(subject.columns, number - rows.lowerBound, to: &seen)
                }
                stored.release(rows)
                return seen
            }
            let start = subject.range.lowerBound + rows.lowerBound * subject.rowBytes
            let size = min(rows.count * subject.rowBytes, subject.range.upperBound - start)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: piece[..<size])
            do { try subject.file.read(into: bytes, at: start) } catch { seen.error = error }
            guard seen.error == nil, let base = bytes.baseAddress else { return seen }
            seen.checksum = kernels.pointee.checksum(base, size)
            switch subject.content {
            case .numbers(let element) where gemma_block_elements(element) == 1:
                survey(base, element, rows: rows.count, size, subject, into: &seen)
            case .numbers(let element): expand(base, element, size, subject, into: &seen)
            default: seen.survey.count(bytes, subject.element)
            }
            return seen
        }

        /// Plain numbers, which lie as they are.
        private func survey(
            _ base: UnsafeMutableRawPointer, _ element: gemma_element, rows: Int, _ size: Int, _ subject: Subject,
            into seen: inout Seen
        ) {
            let columns = subject.isFlat ? size / gemma_block_bytes(element) : subject.columns
            let count = subject.isFlat ? 1 : rows
            seen.survey = seen.meanSquares.withUnsafeMutableBufferPointer {
                kernels.pointee.survey(base, element, count, columns, $0.baseAddress)
            }
            if subject.isFlat { seen.meanSquares.removeSubrange(1...) }
        }

        /// A quantised number is its block's scale times a small one: what counts is what it expands to.
        private func expand(
            _ base: UnsafeMutableRawPointer, _ element: gemma_element, _ size: Int, _ subject: Subject,
            into seen: inout Seen
        ) {
            let (elements, bytes) = (gemma_block_elements(element), gemma_block_bytes(element))
            for (number, start) in stride(from: 0, to: size, by: subject.rowBytes).enumerated() {
                let stored = min(subject.rowBytes, size - start), columns = stored / bytes * elements
                var matrix = gemma_matrix(
                    values: base + start, element: element, rows: 1, columns: columns, row_bytes: stored)
                kernels.pointee.expand(&matrix, 0, row)
                addRow(columns, number, to: &seen)
            }
        }

        private func addRow(_ columns: Int, _ number: Int, to seen: inout Seen) {
            var meanSquare: Float = 0
            let survey = kernels.pointee.survey(row, gemma_f32, 1, columns, &meanSquare)
            seen.survey.add(survey, rowsBefore: number, elementsBefore: number * columns)
            seen.meanSquares[number] = meanSquare
        }
    }
}

extension gemma_survey {
    /// Adds what was seen in rows that come after.
    mutating func add(_ other: gemma_survey, rowsBefore: Int, elementsBefore: Int) {
        if nan_count == 0, other.nan_count > 0 { first_nan = other.first_nan + elementsBefore }
        if infinity_count == 0, other.infinity_count > 0 { first_infinity = other.first_infinity + elementsBefore }
        if zero_rows == 0, other.zero_rows > 0 { first_zero_row = other.first_zero_row + rowsBefore }
        if constant_rows == 0, other.constant_rows > 0 { first_constant_row = other.first_constant_row + rowsBefore }
        if torn_rows == 0, other.torn_rows > 0 { first_torn_row = other.first_torn_row + rowsBefore }
        if other.largest_magnitude > largest_magnitude {
            (largest_magnitude, largest_row) = (other.largest_magnitude, other.largest_row + rowsBefore)
        }
        nan_count += other.nan_count
        infinity_count += other.infinity_count
        zero_count += other.zero_count
        zero_rows += other.zero_rows
        constant_rows += other.constant_rows
        torn_rows += other.torn_rows
        sum_of_squares += other.sum_of_squares
    }

    /// Counts the zero bytes and, in FP8, the codes that are no numbers.
    fileprivate mutating func count(_ bytes: UnsafeMutableRawBufferPointer, _ element: TensorElement) {
        for (index, byte) in bytes.enumerated() {
            if byte == 0 { zero_count += 1 }
            let magnitude = byte & 0x7F
            let isNaN = (element == .f8e4m3 && magnitude == 0x7F) || (element == .f8e5m2 && magnitude > 0x7C)
            let isInfinite = element == .f8e5m2 && magnitude == 0x7C
            if isNaN {
                if nan_count == 0 { first_nan = index }
                nan_count += 1
            } else if isInfinite {
                if infinity_count == 0 { first_infinity = index }
                infinity_count += 1
            }
        }
    }
}
