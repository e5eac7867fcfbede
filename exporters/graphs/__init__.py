"""From a torch module to graphs in a pack: exported, held against torch, made smaller, written whole or not at all."""
