import { expect, test } from 'vitest';
import { describeSpoolFiles } from '../../../session-agent/spool/spool-files-conformance.ts';
import { Kernel } from '../kernel/kernel.ts';
import { driveKernel } from '../testing/drive-kernel.ts';
import { createSpoolFilesModel, noFaults } from './spool-files-model.ts';

const openModel = (faults = noFaults) => {
  const kernel = new Kernel({ seed: 1 });
  const faultsSeen: string[] = [];
  const onFault = (kind: string) => faultsSeen.push(kind);
  const files = createSpoolFilesModel(kernel, { random: kernel.random('spool'), faults, onFault });
  return { files, faultsSeen, drive: <T>(work: Promise<T>) => driveKernel(kernel, work) };
};

describeSpoolFiles(() => openModel());

test('throws for a write while the disk is full', () => {
  const { files, faultsSeen } = openModel({ failedWrite: 1 });
  expect(() => files.create('1.spool').write(Buffer.from('x'), 0)).toThrow('ENOSPC');
  expect(faultsSeen).toEqual(['full spool']);
});
