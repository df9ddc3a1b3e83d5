extension Tokenizer {
    /// A stretch of the word that is one piece so far, and its neighbours (-1: none).
    private struct Symbol {
        /// The id of its piece; `noPiece` for a character without one, `merged` once it has become part of its left.
        var piece: Int32
        let start: Int32
        var end: Int32
        var previous: Int32
        var next: Int32

        static let noPiece: Int32 = -1
        static let merged: Int32 = -2
    }

    /// Appends the pieces of one word of normalised text: of all neighbours that may become one piece those with the
    /// lowest priority number do, the leftmost first, until none may. O(n log n) in its length: the word is a whole text.
    func encodeWord(_ word: ArraySlice<UInt8>, into ids: inout [Int32]) {
        word.withUnsafeBufferPointer { word in
            if ignoresMerges, let id = modelPiece(word) { return ids.append(id) }
            switch joining {
            case .merges(let table):
                var symbols = pieces(of: word)
                merge(&symbols) { left, right in
                    table.merge(left: left.piece, right: right.piece).map {
                        (UInt32(truncatingIfNeeded: $0.rank), $0.joined)
                    }
                }
                append(symbols, of: word, to: &ids)
            case .scores(let priorities):
                var symbols = characters(of: word)
                merge(&symbols) { left, right in
                    modelPiece(UnsafeBufferPointer(rebasing: word[Int(left.start)..<Int(right.end)]))
                        .map { (priorities[Int($0)], $0) }
                }
                append(symbols, of: word, to: &ids)
            }
        }
    }

    @inline(__always)
    private func merge(_ symbols: inout [Symbol], _ join: (Symbol, Symbol) -> (priority: UInt32, piece: Int32)?) {
        symbols.withUnsafeMutableBufferPointer { symbols in
            @inline(__always)
            func candidate(at left: Int) -> (key: UInt64, piece: Int32)? {
                guard symbols[left].next >= 0 else { return nil }
                return join(symbols[left], symbols[Int(symbols[left].next)]).map {
                    (UInt64($0.priority) << 32 | UInt64(left), $0.piece)
                }
            }
            var heap = LeastHeap(symbols.indices.compactMap { candidate(at: $0)?.key })
            while let key = heap.popLeast() {
                let left = Int(key & 0xFFFF_FFFF)
                // The pair may have changed since it was offered, or its left may be gone: what is there now counts.
                guard symbols[left].piece != Symbol.merged, let found = candidate(at: left), found.key == key else {
                    continue
                }
                let right = Int(symbols[left].next)
                symbols[left].piece = found.piece
                symbols[left].end = symbols[right].end
                symbols[left].next = symbols[right].next
                symbols[right].piece = Symbol.merged
                if symbols[left].next >= 0 {
                    symbols[Int(symbols[left].next)].previous = Int32(left)
                    if let key = candidate(at: left)?.key { heap.insert(key) }
                }
                if symbols[left].previous >= 0, let key = candidate(at: Int(symbols[left].previous))?.key {
                    heap.insert(key)
                }
            }
        }
    }

    private func append(_ symbols: [Symbol], of word: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        for symbol in symbols {
            switch symbol.piece {
            case Symbol.merged: continue
            case Symbol.noPiece:
                for byte in word[Int(symbol.start)..<Int(symbol.end)] { ids.append(bytePieces[Int(byte)]) }
            default: ids.append(symbol.piece)
            }
        }
    }

    private func modelPiece(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32? {
        guard let id = pieces.id(of: bytes), pieces.roles[id].contains(.model) else { return nil }
        return Int32(id)
    }

    /// One symbol per character, whether or not it is a piece, as SentencePiece begins.
    private func characters(of word: UnsafeBufferPointer<UInt8>) -> [Symbol] {
        var symbols: [Symbol] = []
        symbols.reserveCapacity(word.count)
        forEachCharacter(word) { range, piece in append(piece ?? Symbol.noPiece, range, to: &symbols) }
        close(&symbols)
        return symbols
    }

    /// One symbol per character that is a piece, per byte of one that is not, or per run of unknown ones.
    private func pieces(of word: UnsafeBufferPointer<UInt8>) -> [Symbol] {
        var symbols: [Symbol] = []
        symbols.reserveCapacity(word.count)
        var endsInUnknown = false
        forEachCharacter(word) { range, piece in
            if let piece {
                append(piece, range, to: &symbols)
                endsInUnknown = false
            } else if byteFallback {
                for index in range { append(bytePieces[Int(word[index])], index..<index + 1, to: &symbols) }
            } else if let unknown {
                if fusesUnknown, endsInUnknown {
                    symbols[symbols.count - 1].end = Int32(range.upperBound)
                } else {
                    append(unknown, range, to: &symbols)
                }
                endsInUnknown = true
            }
        }
        close(&symbols)
        return symbols
    }

    @inline(__always)
    private func forEachCharacter(_ word: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>, Int32?) -> Void) {
        var index = 0
        while index < word.count {
            let lead = word[index]
            let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            let range = index..<min(index + length, word.count)
            body(range, modelPiece(UnsafeBufferPointer(rebasing: word[range])))
            index = range.upperBound
        }
    }

    @inline(__always)
    private func append(_ piece: Int32, _ range: Range<Int>, to symbols: inout [Symbol]) {
        let index = Int32(symbols.count)
        symbols.append(
            Symbol(
                piece: piece, start: Int32(range.lowerBound), end: Int32(range.upperBound), previous: index - 1,
                next: index + 1))
    }

    private func close(_ symbols: inout [Symbol]) {
        if !symbols.isEmpty { symbols[symbols.count - 1].next = -1 }
    }
}

/// A heap of four children a node, which costs half the cache misses of two, that yields the least number.
private struct LeastHeap {
    private var elements: [UInt64]

    init(_ unordered: [UInt64]) {
        elements = unordered
        for index in stride(from: (elements.count - 2) / 4, through: 0, by: -1) where elements.count > 1 {
            sink(elements[index], from: index)
        }
    }

    mutating func insert(_ element: UInt64) {
        var index = elements.count
        elements.append(element)
        elements.withUnsafeMutableBufferPointer { elements in
            while index > 0, element < elements[(index - 1) / 4] {
                elements[index] = elements[(index - 1) / 4]
                index = (index - 1) / 4
            }
            elements[index] = element
        }
    }

    mutating func popLeast() -> UInt64? {
        guard let last = elements.popLast() else { return nil }
        guard let least = elements.first else { return last }
        sink(last, from: 0)
        return least
    }

    /// Moves the hole at `index` down to where `element` belongs.
    private mutating func sink(_ element: UInt64, from index: Int) {
        elements.withUnsafeMutableBufferPointer { elements in
            var index = index
            while 4 * index + 1 < elements.count {
                var least = 4 * index + 1
                for child in least..<min(least + 4, elements.count) where elements[child] < elements[least] {
                    least = child
                }
                guard elements[least] < element else { break }
                elements[index] = elements[least]
                index = least
            }
            elements[index] = element
        }
    }
}
