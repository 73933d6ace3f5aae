// A plug-in written without export.hpp: forgets the third chunk, gives ANSWER and never a reason.
#include <xfsbus/policies/abi.h>

namespace {

int object = 0;

void* create(xfs_parameter const*, size_t, char*, size_t) {
    return &object;
}

void destroy(void*) {}

int rank(void*, xfs_chunk_view const*, size_t count, double* ranks, xfs_random*, char*, size_t) {
    for (size_t i = 0; i < count && i < 2; ++i) {
        ranks[i] = 0.0;
    }
    return ANSWER;
}

xfs_chunk_order_operations const operations{sizeof(xfs_chunk_order_operations), rank};

}  // namespace

extern "C" __attribute__((visibility("default"))) xfs_descriptor const xfs_policy_descriptor;

xfs_descriptor const xfs_policy_descriptor{
    XFS_POLICY_MAGIC, XFS_POLICY_ABI, sizeof(xfs_descriptor),  0,       XFS_KIND_CHUNK_ORDER,
    "careless",       "0.1",          "does wrong on purpose", nullptr, &operations,
    create,           destroy};
