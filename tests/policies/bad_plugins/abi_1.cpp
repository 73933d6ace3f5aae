// A plug-in as ABI 1 had it, which was never released: the descriptor's name and form are others.
#include <cstdint>

extern "C" __attribute__((visibility("default"))) std::uint32_t const xfs_policy_descriptor[20];

std::uint32_t const xfs_policy_descriptor[20] = {0x58465350, 1, 80};
