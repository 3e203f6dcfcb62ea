import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** Leaves the counts of a test run in the file that TERROIR_TEST_SUMMARY names, for tools/test.js. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, skippedNames: [] as string[] };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      if (tests.length === 0 || module.errors().length > 0) counts.failed += module.state() === 'failed' ? 1 : 0;
      for (const test of tests) {
        const { state } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'skipped') {
          counts.skipped += 1;
          counts.skippedNames.push(`${module.relativeModuleId} › ${test.fullName}`);
        } else counts.failed += 1;
      }
    }
    const file = process.env.TERROIR_TEST_SUMMARY;
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}
