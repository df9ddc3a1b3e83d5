import RegistryCore
import Testing

@Suite struct QuantityTests {
    @Test(
        arguments: [
            (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (495_309, "483.7 KiB"), (1_048_575, "1.0 MiB"),
            (1 << 20, "1.0 MiB"), (2_040_109_466, "1.9 GiB"), (1 << 40, "1.0 TiB"), (Int64.max, "8388608.0 TiB"),
        ] as [(Int64, String)])
    func bytesReadInPowersOf1024(count: Int64, text: String) {
        #expect(Quantity.bytes(count) == text)
    }

    @Test(
        arguments: [
            (0, 0, "0"), (3.5, 1, "3.5"), (3.456, 2, "3.46"), (2.999, 2, "3.00"), (-1.25, 1, "-1.3"), (-0.04, 1, "0.0"),
            (0.005, 3, "0.005"), (12, 3, "12.000"), (.nan, 1, "NaN"), (.infinity, 1, "inf"), (-.infinity, 1, "-inf"),
            // Numbers that a hostile model can bring about: said as they are, never a trap.
            (9.9e14, 5, "990000000000000.0"), (1e300, 4, "1e+300"), (-1e300, 0, "-1e+300"),
        ] as [(Double, Int, String)])
    func fixedDecimalsNeedNoLocale(value: Double, decimals: Int, text: String) {
        #expect(Quantity.fixed(value, decimals) == text)
    }

    @Test(
        arguments: [
            (0, "0"), (999, "999"), (1000, "1,000"), (243_456, "243,456"), (-1_234_567, "-1,234,567"), (-12, "-12"),
            (Int64.min, "-9,223,372,036,854,775,808"),
        ] as [(Int64, String)])
    func digitsAreGroupedByThree(count: Int64, text: String) {
        #expect(Quantity.grouped(count) == text)
    }
}
