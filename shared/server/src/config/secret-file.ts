import { randomBytes } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode, errorText, StartError } from '../start-error.ts'

/**
 * The text of a secret's file, made when it is not there. The file appears whole and private (0600) or not at all, so
 * processes that start at once agree on one value.
 *
 * @param generate makes the value
 * @param setting the variable that may hold the value instead, for the error's mend
 * @throws StartError `data_folder` when it cannot be made, `secret_file` when others can read it
 */
export async function secretFile(file: string, generate: () => string, setting: string): Promise<string> {
  try {
    return (await readPrivate(file)) ?? (await make(file, generate())) ?? (await readPrivate(file)) ?? ''
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(
      'data_folder',
      `${file} cannot be read or made (${errorCode(error) || errorText(error)}); give this user write permission on ` +
        `its folder, or set ${setting}`,
      { cause: error },
    )
  }
}

async function readPrivate(file: string): Promise<string | undefined> {
  const found = await stat(file).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (found === undefined) return undefined
  const others = found.mode & 0o077
  if (others !== 0 && process.platform !== 'win32') {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0')
    throw new StartError('secret_file', `${file} can be used by others (mode ${mode}); run: chmod 600 ${file}`)
  }
  return (await readFile(file, 'utf8')).trim()
}

/**
 * Puts a text in the place of whatever the file holds: private (0600), and whole at every moment.
 *
 * @throws StartError `data_folder`
 */
export async function writePrivate(file: string, text: string): Promise<void> {
  try {
    const draft = await writeDraft(file, text)
    await rename(draft, file)
    await withFile(dirname(file), 'r', (handle) => handle.sync())
  } catch (error) {
    const reason = errorCode(error) || errorText(error)
    const mend = 'give this user write permission on its folder'
    throw new StartError('data_folder', `${file} cannot be written (${reason}); ${mend}`, { cause: error })
  }
}

async function writeDraft(file: string, text: string): Promise<string> {
  const draft = `${file}.${randomBytes(8).toString('hex')}`
  await withFile(draft, 'wx', async (handle) => {
    await handle.writeFile(text)
    await handle.sync()
  })
  return draft
}

/** The value, when it was made here; undefined when another process was first. */
async function make(file: string, value: string): Promise<string | undefined> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = await writeDraft(file, `${value}\n`)
  try {
    // Unlike rename, link fails when the name is taken.
    await link(draft, file)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return undefined
    throw error
  } finally {
    await unlink(draft)
  }
  await withFile(dirname(file), 'r', (handle) => handle.sync())
  return value
}

async function withFile(path: string, flags: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags, 0o600)
  try {
    await use(handle)
  } finally {
    await handle.close()
  }
}
