"""`make bench-aws`: measures the product with what stands in for DynamoDB, and prints a table."""

import sys

import bench
import machine
import rows_aws
import table

MARKS = table.Marks("<!-- made by `make bench-aws-readme`; `make test` compares its form -->",
                    "<!-- bench-aws end -->")
BENCH = bench.Bench(rows_aws.ROWS, machine.describe_aws, MARKS)

if __name__ == "__main__":
    sys.exit(bench.main(sys.argv[1:], BENCH))
