#pragma once

#include <xfsbus/testing/temporary_directory.hpp>

namespace xfsbus::test {

using TempDir = testing::TemporaryDirectory;

}  // namespace xfsbus::test
