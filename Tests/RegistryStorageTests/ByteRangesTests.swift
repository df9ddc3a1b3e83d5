import RegistryStorage
import Testing

@Suite struct ByteRangesTests {
    @Test(
        arguments: [
            ([], [0..<10]), ([0..<10], []), ([0..<4], [4..<10]), ([4..<6], [0..<4, 6..<10]),
            ([6..<10, 0..<4], [4..<6]), ([0..<4, 4..<6], [6..<10]), ([2..<3, 8..<12], [0..<2, 3..<8]), ([0..<99], []),
        ] as [([Range<Int64>], [Range<Int64>])])
    func whatIsNotHereIsMissing(here: [Range<Int64>], missing: [Range<Int64>]) {
        #expect(ByteRanges(here).missing(in: 10) == missing)
    }

    @Test(
        arguments: [
            ([0..<1, 1..<2], [0..<2]), ([5..<6, 0..<1, 1..<5], [0..<6]), ([0..<2, 1..<3], [0..<3]),
            ([3..<4, 1..<2, 5..<6], [1..<2, 3..<4, 5..<6]), ([3..<4, 1..<2, 5..<6, 0..<9], [0..<9]), ([4..<4], []),
        ] as [([Range<Int64>], [Range<Int64>])])
    func rangesThatTouchOrOverlapBecomeOne(inserted: [Range<Int64>], ranges: [Range<Int64>]) {
        #expect(ByteRanges(inserted).ranges == ranges)
    }

    @Test func theyAgreeWithASetOfBytesWhateverIsInserted() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            var ranges = ByteRanges()
            var bytes: Set<Int64> = []
            for _ in 0..<30 {
                let start = Int64.random(in: 0..<90, using: &generator)
                let range = start..<(start + Int64.random(in: 0..<12, using: &generator))
                ranges.insert(range)
                bytes.formUnion(range)
            }
            #expect(Set(ranges.ranges.flatMap { Array($0) }) == bytes)
            #expect(ranges.count == Int64(bytes.count))
            #expect(Set(ranges.missing(in: 100).flatMap { Array($0) }) == Set(0..<100).subtracting(bytes))
            #expect(ranges.front == (0..<100).first { !bytes.contains($0) } ?? 100)
        }
    }
}
