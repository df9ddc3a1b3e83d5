import RegistryOperations
import Testing

@Suite struct MemoryBudgetTests {
    @Test func testsRunTogetherAsFarAsMemoryAndCoresGo() {
        var budget = MemoryBudget(available: 10 << 30, cores: 2)
        budget.take(6 << 30)
        #expect(!budget.admits(5 << 30))
        #expect(budget.admits(4 << 30))
        budget.take(4 << 30)
        #expect(!budget.admits(1))
        budget.giveBack(6 << 30)
        #expect(budget.admits(6 << 30))
    }

    @Test func aTestThatNeedsMoreThanThereIsRunsAlone() {
        var budget = MemoryBudget(available: 1 << 30, cores: 8)
        #expect(budget.admits(.max))
        budget.take(.max)
        #expect(!budget.admits(1))
        budget.giveBack(.max)
        budget.take(1)
        #expect(!budget.admits(.max))
    }

    @Test func memoryInfoIsReadInKibibytes() {
        #expect(MemoryBudget.meminfo("MemTotal:  100 kB\nMemAvailable:   23456 kB\n") == 23456 << 10)
        #expect(MemoryBudget.meminfo("MemTotal:  100 kB\n") == nil)
        #expect(MemoryBudget.meminfo("MemAvailable:   many\n") == nil)
    }

    @Test(
        arguments: [
            ("max\n", "5\n", "", nil), ("9223372036854771712\n", "5\n", "", nil), ("", "", "", nil),
            ("1000\n", "400\n", "", 600), ("1000\n", "900\n", "anon 1\ninactive_file 300\n", 400),
            ("1000\n", "5000\n", "", 0), ("1000\n", "", "", 1000), ("1000\n", "100\n", "inactive_file 999\n", 1000),
        ] as [(String, String, String, Int64?)])
    func aControlGroupLeavesItsLimitLessWhatCannotBeTakenBack(
        maximum: String, current: String, statistics: String, left: Int64?
    ) {
        #expect(MemoryBudget.groupLimit(maximum: maximum, current: current, statistics: statistics) == left)
    }

    @Test func thisMachineHasMemory() {
        let budget = MemoryBudget.ofThisMachine()
        #expect(budget.available > 0 && budget.available < 1 << 50)
        #expect(budget.cores >= 1)
    }
}
