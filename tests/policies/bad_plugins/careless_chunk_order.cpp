// A plug-in written without export.hpp: forgets the third chunk, gives ANSWER and never a reason.
#include <xfsbus/policies/abi.h>

namespace {

int object = 0;

void* create(xfsbus_services const*, xfsbus_parameter const*, size_t, char*, size_t) {
    return &object;
}

void destroy(void*) {}

int rank(void*, xfsbus_chunk const*, size_t count, double* ranks, xfsbus_random*, char*, size_t) {
    for (size_t i = 0; i < count && i < 2; ++i) {
        ranks[i] = 0.0;
    }
    return ANSWER;
}

xfsbus_chunk_order_operations const operations{sizeof(xfsbus_chunk_order_operations), rank};

}  // namespace

extern "C" __attribute__((visibility("default"))) xfsbus_descriptor const xfsbus_policy_descriptor;

xfsbus_descriptor const xfsbus_policy_descriptor{.magic = XFSBUS_POLICY_MAGIC,
                                                 .abi_version = XFSBUS_POLICY_ABI,
                                                 .parameter_count = 0,
                                                 .kind = XFSBUS_KIND_CHUNK_ORDER,
                                                 .name = "careless",
                                                 .version = "0.1",
                                                 .description = "does wrong on purpose",
                                                 .parameters = nullptr,
                                                 .operations = &operations,
                                                 .create = create,
                                                 .destroy = destroy};
