// A hash written without export.hpp, whose exceptions leave it.
#include <xfsbus/policies/abi.h>

#include <stdexcept>

namespace {

int object = 0;

void* create(xfsbus_services const*, xfsbus_parameter const*, size_t, char*, size_t) {
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

xfsbus_integrity_operations const operations{sizeof(xfsbus_integrity_operations), digest_size,
                                             update, finish};

}  // namespace

extern "C" __attribute__((visibility("default"))) xfsbus_descriptor const xfsbus_policy_descriptor;

xfsbus_descriptor const xfsbus_policy_descriptor{.magic = XFSBUS_POLICY_MAGIC,
                                                 .abi_version = XFSBUS_POLICY_ABI,
                                                 .parameter_count = 0,
                                                 .kind = XFSBUS_KIND_INTEGRITY,
                                                 .name = "rude-hash",
                                                 .version = "0.1",
                                                 .description = "does wrong on purpose",
                                                 .parameters = nullptr,
                                                 .operations = &operations,
                                                 .create = create,
                                                 .destroy = destroy};
