"""DataDesigner, run by a Python that has it: URL ROWS FOLDER PROMPT. It writes dataset.jsonl into the folder."""

from __future__ import annotations

import sys

import data_designer.config as dd
from bench.peers.kept import write
from data_designer.interface import DataDesigner

IN_FLIGHT = 64


def main() -> None:
    url, rows, folder, prompt = sys.argv[1:]
    parameters = dd.ChatCompletionInferenceParams(temperature=0.7, max_parallel_requests=IN_FLIGHT)
    model = dd.ModelConfig(alias="writer", model="writer", provider="server", inference_parameters=parameters)
    config = dd.DataDesignerConfigBuilder(model_configs=[model])
    labels = dd.CategorySamplerParams(values=["refund", "delivery", "account"])
    config.add_column(dd.SamplerColumnConfig(name="label", sampler_type=dd.SamplerType.CATEGORY, params=labels))
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    config.add_column(dd.LLMStructuredColumnConfig(name="row", prompt=prompt, model_alias="writer", output_format=schema))
    server = dd.ModelProvider(name="server", endpoint=url, api_key="none")
    designer = DataDesigner(artifact_path=folder, model_providers=[server])
    designer.set_run_config(dd.RunConfig(otel_metrics_port=None))
    frame = designer.create(config, num_records=int(rows), dataset_name="rows").load_dataset()
    write(folder, (row["text"] for row in frame["row"]))


if __name__ == "__main__":
    main()
