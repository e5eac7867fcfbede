"""CLIP's image tower: a picture's patches through a transformer, under the names that public checkpoints use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

Act = Callable[[torch.Tensor], torch.Tensor]


def quick_gelu(x: torch.Tensor) -> torch.Tensor:
    """What CLIP was trained with first."""
    return x * torch.sigmoid(1.702 * x)


def tanh_gelu(x: torch.Tensor) -> torch.Tensor:
    return functional.gelu(x, approximate="tanh")


ACTS: dict[str, Act] = {
    "quick_gelu": quick_gelu,
    "gelu": functional.gelu,
    "gelu_new": tanh_gelu,
    "gelu_pytorch_tanh": tanh_gelu,
}


@dataclass(frozen=True)
class Shape:
    """The sizes of a tower; the defaults are CLIP's own, which configurations leave out."""

    hidden_size: int = 768
    intermediate_size: int = 3072
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    image_size: int = 224
    patch_size: int = 32
    num_channels: int = 3
    projection_dim: int = 512
    layer_norm_eps: float = 1e-5
    hidden_act: str = "quick_gelu"

    @property
    def tokens(self) -> int:
        """The patches and the whole."""
        return (self.image_size // self.patch_size) ** 2 + 1


class Tower(nn.Module):
    """pixels (batch, 3, size, size) -> embedding (batch, projection_dim), tokens (batch, tokens, hidden_size).

    The embedding is the projected one, its length as it comes. The tokens are the last layer's, the whole first,
    before the norm that precedes the projection.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.vision_model = _Vision(shape)
        self.visual_projection = nn.Linear(shape.hidden_size, shape.projection_dim, bias=False)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        tokens = self.vision_model(pixels)
        whole = self.vision_model.post_layernorm(tokens[:, 0])
        return self.visual_projection(whole), tokens


class _Vision(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embeddings = _Embeddings(shape)
        self.pre_layrnorm = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)  # spelled so in every checkpoint
        self.encoder = _Encoder(shape)
        self.post_layernorm = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x: torch.Tensor = self.pre_layrnorm(self.embeddings(pixels))
        for layer in self.encoder.layers:
            x = layer(x)
        return x


class _Embeddings(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.zeros(shape.hidden_size))
        self.patch_embedding = nn.Conv2d(
            shape.num_channels, shape.hidden_size, shape.patch_size, shape.patch_size, bias=False
        )
        self.position_embedding = nn.Embedding(shape.tokens, shape.hidden_size)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        patches = self.patch_embedding(pixels).flatten(2).transpose(1, 2)
        whole = self.class_embedding.expand(pixels.shape[0], 1, -1)
        return torch.cat([whole, patches], dim=1) + self.position_embedding.weight


class _Encoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.num_hidden_layers))


class _Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = _Attention(shape)
        self.layer_norm1 = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)
        self.mlp = _Mlp(shape)
        self.layer_norm2 = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        out: torch.Tensor = x + self.mlp(self.layer_norm2(x))
        return out


class _Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.num_attention_heads
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            self.add_module(name, nn.Linear(shape.hidden_size, shape.hidden_size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, count, width = x.shape
        q, k, v = (
            self.get_submodule(name)(x).view(batch, count, self.heads, width // self.heads).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        seen = functional.scaled_dot_product_attention(q, k, v)
        out: torch.Tensor = self.get_submodule("out_proj")(seen.transpose(1, 2).reshape(batch, count, width))
        return out


class _Mlp(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.fc1 = nn.Linear(shape.hidden_size, shape.intermediate_size)
        self.fc2 = nn.Linear(shape.intermediate_size, shape.hidden_size)
        self.act = ACTS[shape.hidden_act]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.fc2(self.act(self.fc1(x)))
        return out
