// A hash written without export.hpp, whose exceptions leave it.
#include <xfsbus/policies/abi.h>

#include <stdexcept>

namespace {

int object = 0;

void* create(xfs_parameter const*, size_t, char*, size_t) {
    return &object;
}

void destroy(void*) {}

uint32_t digest_size(void*) {
    return 32;
}

int update(void*, void const*, size_t, char*, size_t) {
    throw std::runtime_error("thrown in update");
}

int finish(void*, void*, char*, size_t) {
    throw 42;
}

xfs_integrity_operations const operations{sizeof(xfs_integrity_operations), digest_size, update,
                                          finish};

}  // namespace

extern "C" __attribute__((visibility("default"))) xfs_descriptor const xfs_policy_descriptor;

xfs_descriptor const xfs_policy_descriptor{
    XFS_POLICY_MAGIC, XFS_POLICY_ABI, sizeof(xfs_descriptor),  0,       XFS_KIND_INTEGRITY,
    "rude-hash",      "0.1",          "does wrong on purpose", nullptr, &operations,
    create,           destroy};
