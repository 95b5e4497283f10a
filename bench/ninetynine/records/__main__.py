"""Print the JSON Schema that ``results/record.schema.json`` publishes."""

import json

from ninetynine.records.schema import json_schema

if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2, sort_keys=True))
