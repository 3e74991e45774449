"""The verbs of the command line, with their lines in `tintype --help`."""

# The verbs and their lines in `tintype --help`, so that help imports none of them.
VERBS = {
    "colorize": "Colour pictures and films: files, folders, patterns, or standard input.",
    "models": "List the models that can be used by name.",
    "colours": "Keep colours of things by name, and find the things again.",
    "info": "Describe a model, or a picture.",
    "bench": "Measure how fast this machine colours.",
    "sketch": "Turn photographs into line drawings. (extra: train)",
    "data": "Find bad pictures in data sets, divide and pack them. (extra: train)",
    "train": "Train a model by a recipe. (extra: train)",
    "report": "Write a training run's report, or compare several runs. (extra: train)",
    "compare": "Train several recipes on equal terms and rank them. (extra: tune)",
    "tune": "Search a recipe's hyperparameters. (extra: tune)",
    "evaluate": "Measure a model beside trivial baselines.",
    "export": "Turn a checkpoint into a model file. (extra: train)",
    "serve": "Serve the web page and its HTTP API. (extra: server)",
    "worker": "Take jobs of a server that runs elsewhere. (extra: server)",
    "predictor": "Run networks for servers on a Ray cluster. (extra: ray)",
    "arena": "Ask people which of several models is better. (extra: server)",
    "pictures": "Look after what people keep on a server. (extra: server)",
    "calibrate": "Measure how far a model's confidence can be believed. (extra: train)",
    "doctor": "Say what is installed and works here, for yourself or for a report.",
    "config": "Show the options that stand in files and the environment.",
    "completion": "Print what a shell needs to complete commands and options.",
    "help": "Show this help, or that of a command.",
}
