import { describeWorkspace } from '../../../session-agent/workspace/workspace-conformance.ts';
import { Kernel } from '../kernel/kernel.ts';
import { driveKernel } from '../testing/drive-kernel.ts';
import { createWorkspaceModel } from './workspace-model.ts';

describeWorkspace(() => {
  const kernel = new Kernel({ seed: 1 });
  const options = { random: kernel.random('files'), onChange: () => {} };
  return {
    workspace: createWorkspaceModel(kernel, options),
    drive: (work) => driveKernel(kernel, work),
  };
});
