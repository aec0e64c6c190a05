"""Runs queries on DuckDB or Spark for the tests of the SQL backend.

Standard input: one JSON object with "engine" (duckdb or spark), "events" (records as JSON
text), "setup" (statements that come first) and "queries". The table `events` has
the columns n (position of the record) and event. Standard output: one line per query, {"rows": [n...]} or {"error": text}.
"""
import json
import sys


def duckdb_runner(events):
    import duckdb

    connection = duckdb.connect()
    connection.execute("CREATE TABLE events (n INTEGER, event JSON)")
    rows = [(n, text) for n, text in enumerate(events)]
    connection.executemany("INSERT INTO events VALUES (?, ?)", rows)
    return lambda sql: [row[0] for row in connection.execute(sql).fetchall()]


def spark_runner(events):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "1").config("spark.driver.bindAddress", "127.0.0.1")
    session = builder.config("spark.driver.host", "127.0.0.1").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    frame = session.createDataFrame(list(enumerate(events)), "n INT, text STRING")
    frame.selectExpr("n", "parse_json(text) AS event").cache().createOrReplaceTempView("events")
    return lambda sql: [row[0] for row in session.sql(sql).collect()]


def main():
    task = json.load(sys.stdin)
    run = {"duckdb": duckdb_runner, "spark": spark_runner}[task["engine"]](task["events"])
    for sql in task["setup"]:
        run(sql)
    for sql in task["queries"]:
        try:
            answer = {"rows": sorted(run(sql))}
        except Exception as error:  # every failure of an engine is an answer here
            answer = {"error": str(error)[:2000]}
        print(json.dumps(answer), flush=True)


main()
