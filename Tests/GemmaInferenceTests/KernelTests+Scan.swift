import CGemmaKernels
import Testing

extension KernelTests {
    @Test(arguments: [gemma_bf16, gemma_f16, gemma_f32], [1, 8, 4095, 4096, 4097, 10_000])
    func scansSeeWhatIsStored(_ element: gemma_element, _ count: Int) {
        let values = StoredMatrix(element, rows: 1, columns: count)
        for twin in KernelTwin.all {
            let scan = twin.scan(values)
            #expect(scan.nan_count == 0 && scan.infinity_count == 0)
            #expect(scan.largest_magnitude == values.values.map(\.magnitude).max())
            #expect(scan.smallest_magnitude == values.values.map(\.magnitude).filter { $0 > 0 }.min() ?? 0)
            #expect(scan.zero_count == values.values.filter { $0 == 0 }.count)
        }
    }

    @Test(arguments: [gemma_bf16, gemma_f16, gemma_f32], [2, 8, 4095, 4096, 4097, 10_000])
    func scansFindTheFirstNumberThatIsNone(_ element: gemma_element, _ count: Int) {
        let ones: [UInt8], nan: [UInt8], infinity: [UInt8]
        switch element {
        case gemma_f32: (ones, nan, infinity) = ([0, 0, 0x80, 0x3F], [1, 0, 0x80, 0xFF], [0, 0, 0x80, 0x7F])
        case gemma_bf16: (ones, nan, infinity) = ([0x80, 0x3F], [0xC0, 0x7F], [0x80, 0xFF])
        default: (ones, nan, infinity) = ([0, 0x3C], [0x01, 0x7C], [0, 0x7C])
        }
        var stored = [[UInt8]](repeating: ones, count: count)
        stored[count - 1] = nan
        stored[count / 2 - 1] = infinity
        let values = StoredMatrix(element, rows: 1, columns: count, blocks: stored.flatMap { $0 })
        for twin in KernelTwin.all {
            let scan = twin.scan(values)
            #expect(scan.nan_count == 1 && scan.first_nan == count - 1)
            #expect(scan.infinity_count == 1 && scan.first_infinity == count / 2 - 1)
            #expect(scan.largest_magnitude == (count == 2 ? 0 : 1) && scan.zero_count == 0)
        }
    }
}

extension KernelTwin {
    fileprivate func scan(_ stored: StoredMatrix) -> gemma_scan {
        var seen = gemma_scan()
        stored.withMatrix { seen = kernels.scan($0.values, stored.element, stored.columns) }
        return seen
    }
}
