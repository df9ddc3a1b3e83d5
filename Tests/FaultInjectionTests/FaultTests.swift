import FaultInjection
import Testing

@Suite struct FaultTests {
    @Test func everyFaultHasANameOfItsOwn() {
        #expect(Set(Fault.all.map(\.name)).count == Fault.all.count)
        #expect(Fault.all.count >= 40)
    }
}
