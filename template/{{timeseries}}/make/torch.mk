# PyTorch comes in two builds, each with a lock of its own. `make setup` takes CUDA's where an NVIDIA GPU answers, else
# the CPU build, 4 GB smaller, where the installer can see it: TORCH_INDEX names PyTorch's CPU index, or a folder with the
# wheel. TORCH=cuda or TORCH=cpu chooses.
TORCH ?= auto
MORE = sh make/torch.sh $(TORCH) "$(PYTHON)" "$(UV)" "$(TORCH_INDEX)"
APART = $(shell sed -n 's/==.*//p' requirements-torch-cuda.lock)

# A choice is carried out even if the environment is there.
ifeq ($(MAKELEVEL) $(origin TORCH),0 command line)
.PHONY: chosen
.venv/.ready: chosen
endif
