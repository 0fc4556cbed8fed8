"""How the bundled model is made: corpus, tokenizer, pretraining, card. Nothing here runs in daily use,
except `chores`, whose conversations also serve the lesson as synthetic prompts."""
