import CGemmaKernels
import FixtureModels
import Testing

extension KernelTests {
    @Test(arguments: [gemma_bf16, gemma_f16, gemma_f32], [1, 15, 16, 33, 1152, 4096, 4099, 10_000])
    func surveysMeasureRowsAlikeOnEveryTwin(_ element: gemma_element, _ columns: Int) {
        var bytes: [UInt8] = []
        var numbers: [[Float]] = []
        for row in 0..<5 {
            let stored = (0..<columns).map { _ in
                switch row {
                case 1: bits(0.375, element)
                case 3: bits(0, element)
                default: bits(.random(in: -2...2), element)
                }
            }
            bytes += stored.flatMap { $0 }
            numbers.append(stored.map { number($0, element) })
        }
        let all = numbers.flatMap { $0 }
        let expected = numbers.map { $0.reduce(0) { $0 + Double($1) * Double($1) } / Double(columns) }
        var first: (survey: gemma_survey, squares: [Float])?
        for twin in KernelTwin.all {
            let (survey, squares) = twin.survey(bytes, element, rows: 5, columns: columns)
            #expect(survey.nan_count == 0 && survey.infinity_count == 0)
            #expect(survey.zero_count == all.count { $0 == 0 })
            #expect(survey.zero_rows == numbers.count { $0.allSatisfy { $0 == 0 } } && survey.first_zero_row == 3)
            if columns > 1 { #expect(survey.constant_rows == 1 && survey.first_constant_row == 1) }
            #expect(survey.largest_magnitude == all.map(\.magnitude).max())
            #expect(numbers[survey.largest_row].map(\.magnitude).max() == survey.largest_magnitude)
            #expect(zip(squares, expected).allSatisfy { abs(Double($0) - $1) <= 1e-5 * $1 })
            #expect(
                abs(survey.sum_of_squares - expected.reduce(0, +) * Double(columns)) <= 1e-5 * survey.sum_of_squares)
            if let first {
                #expect(first.squares.map(\.bitPattern) == squares.map(\.bitPattern), "\(twin)")
                #expect(first.survey.sum_of_squares.bitPattern == survey.sum_of_squares.bitPattern, "\(twin)")
            }
            first = (survey, squares)
        }
    }

    @Test(arguments: [gemma_bf16, gemma_f16, gemma_f32])
    func surveysLeaveOutWhatIsNoNumberAndSumWhatIsHuge(_ element: gemma_element) {
        let huge: Float = element == gemma_f16 ? 60_000 : 1e30
        var numbers = [Float](repeating: 1, count: 5000)
        (numbers[10], numbers[4321], numbers[4999]) = (.nan, .infinity, -huge)
        let bytes = numbers.flatMap { bits($0, element) }
        let stored = Double(number(bits(huge, element), element))
        for twin in KernelTwin.all {
            let (survey, _) = twin.survey(bytes, element, rows: 2, columns: 2500)
            #expect(survey.nan_count == 1 && survey.first_nan == 10)
            #expect(survey.infinity_count == 1 && survey.first_infinity == 4321)
            #expect(Double(survey.largest_magnitude) == stored && survey.largest_row == 1)
            #expect(abs(survey.sum_of_squares - stored * stored - 4997) <= 1e-12 * survey.sum_of_squares)
        }
    }

    @Test(arguments: [gemma_bf16, gemma_f16, gemma_f32])
    func surveysSeeHolesInRows(_ element: gemma_element) {
        var numbers = [Float](repeating: 1, count: 4 * 5000)
        // A stretch at its place in row 1, one number short of it in row 2, a whole row 3.
        for index in 512..<1024 { numbers[5000 + index] = 0 }
        for index in 513..<1024 { numbers[10_000 + index] = 0 }
        for index in 0..<5000 { numbers[15_000 + index] = 0 }
        let bytes = numbers.flatMap { bits($0, element) }
        for twin in KernelTwin.all {
            let (survey, _) = twin.survey(bytes, element, rows: 4, columns: 5000)
            #expect(survey.torn_rows == 1 && survey.first_torn_row == 1)
            #expect(survey.zero_rows == 1 && survey.first_zero_row == 3)
        }
    }

    @Test(arguments: [0, 1, 63, 64, 65, 4096, 100_003])
    func checksumsTellBytesAndTheirOrder(_ count: Int) throws {
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255) }
        let sums = KernelTwin.all.map { $0.checksum(bytes) }
        #expect(Set(sums).count == 1)
        #expect(KernelTwin.all[0].checksum(bytes + [0]) != sums[0])
        guard count > 128 else { return }
        var changed = bytes
        changed[count / 2] ^= 1
        #expect(KernelTwin.all[0].checksum(changed) != sums[0])
        // The same words in another order: two 64-byte lines exchanged.
        var exchanged = Array(bytes[64..<128] + bytes[..<64] + bytes[128...])
        #expect(KernelTwin.all[0].checksum(exchanged) != sums[0])
        exchanged.swapAt(0, 64)
        #expect(Set(KernelTwin.all.map { $0.checksum(exchanged) }).count == 1)
    }

    @Test(arguments: [1, 15, 16, 17, 1152, 4096, 5001])
    func differencesAreAlikeOnEveryTwin(_ count: Int) {
        let one = (0..<count).map { _ in Float.random(in: -2...2) }
        let two = one.map { $0 + .random(in: -0.1...0.1) }
        let between = zip(one, two).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
        var seen: [gemma_difference] = []
        for twin in KernelTwin.all {
            let difference = one.withUnsafeBufferPointer { one in
                two.withUnsafeBufferPointer { twin.kernels.difference(one.baseAddress, $0.baseAddress, count) }
            }
            #expect(abs(difference.between - between) <= 1e-5 * between)
            #expect(abs(difference.first - one.reduce(0) { $0 + Double($1) * Double($1) }) <= 1e-5 * difference.first)
            #expect(difference.largest == zip(one, two).map { abs($0 - $1) }.max())
            seen.append(difference)
        }
        #expect(Set(seen.map(\.between.bitPattern)).count == 1)
        #expect(Set(seen.map(\.first.bitPattern)).count == 1)
        #expect(Set(seen.map(\.second.bitPattern)).count == 1)
    }

    private func bits(_ number: Float, _ element: gemma_element) -> [UInt8] {
        switch element {
        case gemma_f32: f32Bytes(number)
        case gemma_bf16: number.isNaN ? [0xC0, 0x7F] : bf16Bytes(number)
        default: f16Bytes(number)
        }
    }

    private func number(_ bytes: [UInt8], _ element: gemma_element) -> Float {
        switch element {
        case gemma_f32: Float(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) })
        case gemma_bf16: Float(bitPattern: UInt32(bytes[0]) << 16 | UInt32(bytes[1]) << 24)
        default: Float(Float16(bitPattern: UInt16(bytes[0]) | UInt16(bytes[1]) << 8))
        }
    }
}

extension KernelTwin {
    fileprivate func survey(
        _ bytes: [UInt8], _ element: gemma_element, rows: Int, columns: Int
    ) -> (gemma_survey, [Float]) {
        var squares = [Float](repeating: .nan, count: rows)
        // At an odd address.
        let survey = ([0] + bytes).withUnsafeBytes { bytes in
            squares.withUnsafeMutableBufferPointer {
                kernels.survey(bytes.baseAddress.map { $0 + 1 }, element, rows, columns, $0.baseAddress)
            }
        }
        return (survey, squares)
    }

    fileprivate func checksum(_ bytes: [UInt8]) -> UInt64 {
        ([0] + bytes).withUnsafeBytes { kernels.checksum($0.baseAddress.map { $0 + 1 }, bytes.count) }
    }
}
